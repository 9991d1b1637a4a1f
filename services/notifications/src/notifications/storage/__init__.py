"""The tables, and the verbs on them."""
