"""The tables, and the ORM's way to them."""
