"""catalog: sellers, products, prices and pictures of the market, and its back office."""
