"""The HTTP side: what Falcon knows."""
