"""Other services, asked over HTTP: each question is bounded, and each may stay without an answer."""
