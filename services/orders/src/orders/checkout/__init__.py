"""Storing an order: the one hot path of the market."""
