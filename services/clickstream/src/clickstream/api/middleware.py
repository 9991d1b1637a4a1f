"""Around every request: its span and trace id, its metrics by route. And around all of them: what lives as
long as the server.
"""

import asyncio
from contextlib import ExitStack
from time import perf_counter
from typing import Any

from falcon.asgi import Request, Response
from opentelemetry import trace
from opentelemetry.trace import SpanKind

from bazaar_shared.management import Management
from bazaar_shared.metrics import HttpMetrics
from bazaar_shared.telemetry import span, trace_id
from clickstream.kafka import ClicksTopic
from clickstream.metrics import REFUSED

_REASONS = {
    400: "malformed",
    408: "slow",
    413: "too_large",
    415: "media_type",
    422: "invalid",
    429: "rate",
    500: "failed",
}


class Observing:
    def __init__(self, metrics: HttpMetrics) -> None:
        self._metrics = metrics

    async def process_request(self, req: Request, resp: Response) -> None:  # noqa: ARG002
        req.context.started = perf_counter()
        req.context.refused = None
        req.context.open = opened = ExitStack()
        opened.enter_context(self._metrics.active(req.method))
        attributes = {"http.request.method": req.method, "url.path": req.path}
        opened.enter_context(span(f"{req.method} clicks", req.headers_lower, SpanKind.SERVER, attributes))

    async def process_response(
        self,
        req: Request,
        resp: Response,
        resource: object,  # noqa: ARG002
        req_succeeded: bool,  # noqa: ARG002
    ) -> None:
        """Also after a refusal: Falcon's error handlers have answered by now."""
        resp.set_header("X-Trace-Id", trace_id() or "")
        resp.set_header("Cache-Control", "no-store")
        seconds = perf_counter() - req.context.started
        status = resp.status_code
        self._metrics.observe(req.method, req.uri_template, status, seconds)
        if reason := req.context.refused or (req.uri_template and _REASONS.get(status)):
            REFUSED.labels(reason).inc()
        trace.get_current_span().set_attribute("http.response.status_code", status)
        req.context.open.close()


class Lifespan:
    """Kafka is connected beside the server, which does not wait for it; at the end, after the last request,
    what is under way is sent.
    """

    def __init__(self, topic: ClicksTopic, management: Management) -> None:
        self._topic = topic
        self._management = management
        self._stop = asyncio.Event()

    async def process_startup(self, scope: Any, event: Any) -> None:  # noqa: ARG002
        self._management.start()
        self._running = asyncio.create_task(self._topic.run(self._stop))

    async def process_shutdown(self, scope: Any, event: Any) -> None:  # noqa: ARG002
        self._stop.set()
        await self._running
        self._management.stop()
