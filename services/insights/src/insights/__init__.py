"""What the market's streams add up to: a Faust application."""
