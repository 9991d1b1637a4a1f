"""What templates are given: frozen, and made from the services' JSON in one place each."""
