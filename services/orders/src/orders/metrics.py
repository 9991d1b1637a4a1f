"""What orders counts, beside HTTP. The alerts in monitoring/ look at these."""

from prometheus_client import Counter, Gauge, Histogram

ACCEPTED = Counter("orders_accepted_total", "Orders stored and answered with 202")
BASKET_ASKED = Histogram(
    "basket_request_duration_seconds",
    "A checkout's question to basket, answered or given up",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)

TRANSITIONS = Counter("saga_transitions_total", "Sagas' transitions", ["from_state", "to_state"])
STEP_SECONDS = Histogram(
    "saga_step_duration_seconds",
    "One attempt of a step, from sending to its outcome",
    ["step", "outcome"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
FENCED = Counter("saga_fenced_total", "Late transitions that were refused: another worker has the saga")
IN_FLIGHT = Gauge("saga_in_flight", "Sagas this worker has now")
OPEN = Gauge("saga_open", "Sagas that have not ended")
STUCK = Gauge(
    "saga_stuck", "Seconds the oldest saga has spent in a state that must end (forward only, compensating)"
)
