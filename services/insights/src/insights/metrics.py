"""What Prometheus is told; the consumer's metrics are those of every service (bazaar_shared.consumer)."""

from prometheus_client import Counter, Gauge, Histogram

LATE = Counter("insights_late_events_total", "Events whose bucket was sealed when they came", ["stream"])
ALERTS = Counter("insights_alerts_total", "Unusual orders found", ["rule", "severity"])
EVENT_SECONDS = Histogram(
    "insights_event_duration_seconds",
    "Until a record was handled, with all that was tried",
    ["topic"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5),
)
SEND_SECONDS = Histogram(
    "insights_send_duration_seconds",
    "Until Kafka has a record",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10),
)
SEND_ERRORS = Counter("insights_send_errors_total", "Records that Kafka did not take")
COMMIT_SECONDS = Histogram(
    "insights_commit_duration_seconds", "Offsets committed", buckets=(0.005, 0.025, 0.1, 0.5, 2.5, 10)
)
TABLE_WRITES = Counter("insights_table_writes_total", "Values written", ["table"])
REBALANCES = Counter("insights_rebalances_total", "Rebalances begun")
RECOVERING = Gauge("insights_recovering", "1 while tables are brought up to date from their changelogs")
RECOVERY_SECONDS = Gauge(
    "insights_recovery_seconds", "From the last rebalance's begin to the tables' being ready"
)
PARTITIONS = Gauge("insights_partitions", "Partitions of orders.order that this worker has")
