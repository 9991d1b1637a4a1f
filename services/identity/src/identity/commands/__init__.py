"""What `python -m identity` can do besides serving."""
