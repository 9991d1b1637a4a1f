"""The ASGI application: routes, errors and middleware around a container. Importing it does nothing."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_fastapi_instrumentator import Instrumentator
from prometheus_fastapi_instrumentator.metrics import Info

from bazaar_shared.metrics import HttpMetrics
from orders.api import errors, openapi
from orders.api.middleware import GuardedBody, Outermost
from orders.api.orders import PREFIX, router
from orders.container import Container


def create_app(container: Container, registry: CollectorRegistry = REGISTRY) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # made ready in the loop that uses it; it connects with the first request, so that the database may
        # come later. Who made the container closes it
        await container.pool()
        yield

    app = FastAPI(
        title="Bazaar orders",
        version="1",
        description="Places orders and sees them through. Money is in minor units; prices include tax.",
        openapi_url=f"{PREFIX}/openapi.json",
        # the usual pages load their scripts from other hosts
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # FastAPI's own span of each request, around all middleware; metrics and logs are our shared ones
        telemetry={"metrics": False, "logs": False, "operation_spans": False},
        lifespan=lifespan,
    )
    app.state.container = container
    app.include_router(router)
    errors.install(app)
    openapi.install(app)
    metrics = HttpMetrics(registry)
    # the last added is the outermost
    app.add_middleware(GuardedBody)
    Instrumentator(should_group_status_codes=False).add(uniform(metrics)).instrument(app)
    app.add_middleware(Outermost, metrics)
    return app


def uniform(metrics: HttpMetrics) -> Callable[[Info], None]:
    """The instrumentator times and finds the route; name and labels are those of all services
    (OpenTelemetry's).
    """

    def observe(info: Info) -> None:
        route = None if info.modified_handler == "none" else info.modified_handler
        metrics.observe(info.method, route, int(info.modified_status), info.modified_duration)

    return observe
