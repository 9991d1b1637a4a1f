"""What clickstream counts, beside HTTP."""

from prometheus_client import Counter, Gauge, Histogram

from clickstream.clicks import KINDS

ACCEPTED = Counter("clicks_accepted_total", "Clicks that Kafka has acknowledged", ["kind"])
REFUSED = Counter("clicks_refused_total", "Batches of which nothing was taken, by the reason", ["reason"])
IN_FLIGHT = Gauge("clicks_in_flight", "Batches between their request's head and Kafka's last word on them")
IN_FLIGHT_BYTES = Gauge("clicks_in_flight_bytes", "What those batches take, or may take")
ACKNOWLEDGED = Histogram(
    "clicks_acknowledged_seconds",
    "From handing a batch to the producer to Kafka's last acknowledgement",
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

for _kind in KINDS:
    # a rate needs its zero
    ACCEPTED.labels(_kind)
