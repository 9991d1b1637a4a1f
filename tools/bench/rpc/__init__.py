"""Callers and servers of the RPC benchmark. Each runs in the environment of a service."""
