"""One client a service: its routes in, view-models out. They know no framework."""
