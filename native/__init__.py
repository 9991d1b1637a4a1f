"""Runs the market: with Docker Compose, or natively where no Docker engine answers."""
