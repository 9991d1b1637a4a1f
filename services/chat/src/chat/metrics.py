"""What chat counts, beside HTTP. The alerts in monitoring/ look at these."""

from prometheus_client import Counter, Gauge, Histogram

SOCKETS = Gauge("chat_sockets", "WebSockets that are open")
POLLS = Gauge("chat_long_polls", "Long polls that wait")
MESSAGES = Counter("chat_messages_total", "Messages taken", ["outcome"])
FRAMES = Counter("chat_frames_sent_total", "Messages and order events given to sockets", ["kind"])
DROPPED = Counter("chat_dropped_total", "Sockets that were closed from here", ["reason"])
WAKEUPS = Counter(
    "chat_wakeups_total",
    "Wake-ups: sent, lost (Redis was away), received, and news that only polling found",
    ["outcome"],
)
REDIS_UP = Gauge("chat_redis_up", "1 while wake-ups come from Redis, 0 while chat polls only")
DELIVERY = Histogram(
    "chat_delivery_seconds",
    "From a message's or event's storing to its frame's writing, here",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
SESSION_CHECKS = Counter("chat_session_checks_total", "Questions to identity about sessions", ["outcome"])
