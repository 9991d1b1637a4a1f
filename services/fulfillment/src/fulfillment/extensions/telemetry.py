"""Tracing, and one log line and one measurement for each piece of work."""

import time
from contextlib import suppress
from logging import getLogger
from typing import Any

from nameko.extensions import DependencyProvider
from nameko.rpc import Rpc
from nameko.utils import get_redacted_args
from opentelemetry import context, trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from prometheus_client import Histogram

from bazaar_shared import telemetry

log = getLogger("fulfillment.work")

WORK_SECONDS = Histogram(
    "rpc_server_duration_seconds",
    "Time a worker took for an RPC, a timer's tick or a request",
    ["rpc_service", "rpc_method", "outcome"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
QUIET = "SettingTimer"  # a timer that found nothing to do every two seconds is no news


class Tracing(DependencyProvider):
    """W3C trace context in (`nameko.traceparent`) and out: Nameko copies context data to whatever a worker
    sends.
    """

    def setup(self) -> None:
        self.tracer = trace.get_tracer("fulfillment")
        self.live: dict[Any, tuple[trace.Span, Any]] = {}

    def worker_setup(self, worker_ctx: Any) -> None:
        parent = telemetry.extract({k: v for k, v in worker_ctx.data.items() if isinstance(v, str)})
        method = worker_ctx.entrypoint.method_name
        span = self.tracer.start_span(
            f"{worker_ctx.service_name}.{method}",
            context=parent,
            kind=SpanKind.SERVER,
            attributes={"rpc.system": "nameko", "rpc.service": worker_ctx.service_name, "rpc.method": method},
        )
        self.live[worker_ctx] = span, context.attach(trace.set_span_in_context(span, parent))
        telemetry.inject(worker_ctx.data)

    def worker_result(self, worker_ctx: Any, result: Any = None, exc_info: Any = None) -> None:  # noqa: ARG002
        span, _ = self.live[worker_ctx]
        if exc_info and not isinstance(exc_info[1], worker_ctx.entrypoint.expected_exceptions):
            span.record_exception(exc_info[1])
            span.set_status(Status(StatusCode.ERROR))
        elif exc_info:
            span.set_attribute("bazaar.refusal", type(exc_info[1]).__name__)

    def worker_teardown(self, worker_ctx: Any) -> None:
        span, token = self.live.pop(worker_ctx)
        span.end()
        with suppress(ValueError):
            context.detach(token)


class WorkLog(DependencyProvider):
    """Says what was done for whom and how it ended; arguments declared sensitive are blacked out by
    Nameko's own hand.
    """

    def setup(self) -> None:
        self.began: dict[Any, float] = {}

    def worker_setup(self, worker_ctx: Any) -> None:
        self.began[worker_ctx] = time.perf_counter()

    def worker_result(self, worker_ctx: Any, result: Any = None, exc_info: Any = None) -> None:
        seconds = time.perf_counter() - self.began.pop(worker_ctx)
        entrypoint = worker_ctx.entrypoint
        outcome = type(exc_info[1]).__name__ if exc_info else "ok"
        WORK_SECONDS.labels(worker_ctx.service_name, entrypoint.method_name, outcome).observe(seconds)
        if type(entrypoint).__name__ == QUIET and not result and not exc_info:
            return
        arguments = worker_ctx.kwargs
        if isinstance(entrypoint, Rpc):
            arguments = get_redacted_args(entrypoint, *worker_ctx.args, **worker_ctx.kwargs)
        log.info(
            "%s.%s %s",
            worker_ctx.service_name,
            entrypoint.method_name,
            outcome,
            extra={
                "rpc_service": worker_ctx.service_name,
                "rpc_method": entrypoint.method_name,
                "outcome": outcome,
                "arguments": arguments,
                "duration_ms": round(seconds * 1000, 1),
            },
        )
