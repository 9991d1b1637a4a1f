"""What `python -m reviews` can do besides serving and its loops."""
