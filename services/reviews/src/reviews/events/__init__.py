"""What this service hears and what it tells."""
