"""Readers of the streams' benchmark. Each runs in insights' environment."""
