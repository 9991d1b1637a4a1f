"""Running the sagas: claims, attempts, transitions."""
