"""Orders as their shoppers follow them."""
