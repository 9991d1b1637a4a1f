"""Who somebody is, and what they may do: accounts, sessions, roles, signing keys."""
