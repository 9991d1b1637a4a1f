"""The trace goes on from the event to the mail: into each message's headers, out of them around each task."""

from contextlib import AbstractContextManager
from typing import Any

from celery import Task, signals
from opentelemetry.trace import Span, SpanKind

from bazaar_shared import telemetry

_open: dict[str, AbstractContextManager[Span]] = {}


def connect() -> None:
    """Once in a process. Not weak: nobody else holds these functions' receivers."""
    signals.before_task_publish.connect(_inject, weak=False)
    signals.task_prerun.connect(_enter, weak=False)
    signals.task_postrun.connect(_leave, weak=False)


def _inject(headers: dict[str, Any] | None = None, **_: Any) -> None:
    if headers is not None and not headers.get("traceparent"):
        telemetry.inject(headers)


def _enter(task_id: str, task: Task, **_: Any) -> None:
    carrier = {"traceparent": getattr(task.request, "traceparent", None) or ""}
    attributes = {
        "messaging.system": "rabbitmq",
        "messaging.operation.type": "process",
        "messaging.destination.name": (task.request.delivery_info or {}).get("routing_key") or "",
        "celery.task_name": task.name,
    }
    entered = telemetry.span(f"run {task.name}", carrier, SpanKind.CONSUMER, attributes)
    entered.__enter__()
    _open[task_id] = entered


def _leave(task_id: str, **_: Any) -> None:
    entered = _open.pop(task_id, None)
    if entered is not None:
        entered.__exit__(None, None, None)
