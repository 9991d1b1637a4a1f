"""Bazaar's page events: taken in by Falcon, handed to Kafka."""
