"""What basket tells and learns over Kafka."""
