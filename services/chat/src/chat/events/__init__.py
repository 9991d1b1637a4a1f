"""What chat learns on Kafka."""
