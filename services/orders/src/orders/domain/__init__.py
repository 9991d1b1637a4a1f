"""The rules of an order and of its saga: pure, without I/O, framework or clock."""
