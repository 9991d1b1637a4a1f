"""What may happen to a basket. Locks are taken in one order: products, then baskets, each by its id."""
