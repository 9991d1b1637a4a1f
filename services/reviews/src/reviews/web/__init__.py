"""What API and pages have in common."""
