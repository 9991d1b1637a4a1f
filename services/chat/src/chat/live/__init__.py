"""What reaches clients by itself: feeds, wake-ups, presence, unread counts. Knows no web framework."""
