"""The tables, read by HTTP: Faust's web views."""
