"""Orders: takes an order in one statement and sees it through its saga."""
