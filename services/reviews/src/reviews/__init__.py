"""reviews: what shoppers say of what they bought, and the pages on which operators look after it."""

SERVICE = "reviews"
