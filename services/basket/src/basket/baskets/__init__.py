"""What may happen to a basket. Locks are taken in one order everywhere: products, then baskets, each by its id."""
