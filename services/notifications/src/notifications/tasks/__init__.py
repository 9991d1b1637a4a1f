"""Celery's tasks. Arguments are ids; what is to be done is read from the row, under its lease."""
