"""Kafka's facts become intents and read models."""
