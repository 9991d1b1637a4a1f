"""The baskets of guests and members."""
