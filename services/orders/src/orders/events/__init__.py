"""What orders tells on Kafka, and what it learns there."""
