"""Who is told what, and when not: rules without a server."""
