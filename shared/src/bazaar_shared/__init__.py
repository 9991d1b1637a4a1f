"""What all Bazaar services share. Each module is usable alone; nothing is imported here on purpose."""
