"""Trace context (W3C) over every wire. No exporter yet: the ids already travel and stand in each log line.

A change's context goes: span → `Event.traceparent` in the outbox → Kafka header → the consumer's span.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes

# baggage is left out: what callers put there would travel to every service
_propagator = TraceContextTextMapPropagator()
_FIELDS = ("traceparent", "tracestate")


def configure(service: str, process: str) -> None:
    """Once in a process; again is harmless. OTEL_TRACES_SAMPLER and its argument decide what is sampled
    (default: all).
    """
    propagate.set_global_textmap(_propagator)
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return
    resource = Resource.create(
        {"service.name": service, "service.namespace": "bazaar", "bazaar.process": process}
    )
    trace.set_tracer_provider(TracerProvider(resource=resource, shutdown_on_exit=False))


def extract(carrier: Mapping[str, str]) -> Context:
    """The caller's context out of HTTP, AMQP or Kafka headers; an empty one where there is none or a broken
    one.
    """
    found = {name: carrier.get(name) or carrier.get(name.title()) for name in _FIELDS}
    return _propagator.extract({name: value for name, value in found.items() if value}, context=Context())


def inject(carrier: MutableMapping[str, str]) -> None:
    _propagator.inject(carrier)


def current_traceparent() -> str | None:
    carrier: dict[str, str] = {}
    inject(carrier)
    return carrier.get("traceparent")


def trace_id() -> str | None:
    """32 hex digits, or None outside of any trace."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


@contextmanager
def span(
    name: str,
    carrier: Mapping[str, str] | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Attributes = None,
) -> Iterator[Span]:
    """A span under the carrier's context, or under the current one when no carrier is given."""
    tracer = trace.get_tracer("bazaar_shared")
    parent = None if carrier is None else extract(carrier)
    with tracer.start_as_current_span(name, context=parent, kind=kind, attributes=attributes) as started:
        yield started
