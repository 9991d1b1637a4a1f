"""Tornado's side: handlers, the socket, the document."""
