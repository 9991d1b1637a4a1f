"""The ASGI application: resources, media, errors and middleware. Importing it does nothing."""

from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry

from bazaar_shared.management import Management
from bazaar_shared.metrics import HttpMetrics
from clickstream.api import errors
from clickstream.api.clicks import PATH, Clicks, Topic
from clickstream.api.eager import EagerApp
from clickstream.api.media import request_handlers, response_handlers
from clickstream.api.middleware import Lifespan, Observing
from clickstream.api.openapi import Contract
from clickstream.flow import InFlight, SessionRates
from clickstream.kafka import ClicksTopic
from clickstream.settings import Settings, load

# what no handler takes: a body that does not say what it is, is refused
_UNSAID = "application/octet-stream"


def create_app(
    settings: Settings | None = None, topic: Topic | None = None, registry: CollectorRegistry = REGISTRY
) -> EagerApp:
    """Without settings they are read from the environment: `uvicorn --factory clickstream.app:create_app`.

    A given topic's life is its giver's; otherwise it is Kafka's, connected while the server runs.
    """
    settings = settings or load()
    middleware: list[Any] = [Observing(HttpMetrics(registry))]
    if topic is None:
        topic = kafka = ClicksTopic(
            settings.kafka_bootstrap_servers,
            settings.clicks_topic,
            linger_ms=settings.linger_ms,
            ack_seconds=settings.ack_seconds,
        )
        middleware.append(Lifespan(kafka, management(settings, kafka)))
    app = EagerApp(middleware=middleware)
    app.req_options.media_handlers = request_handlers(settings.body_seconds)
    app.req_options.default_media_type = _UNSAID
    app.resp_options.media_handlers = response_handlers()
    errors.install(app)
    flight = InFlight(settings.max_in_flight, settings.max_in_flight_bytes)
    rates = SessionRates(settings.rate_burst, settings.rate_per_second, settings.rate_sessions)
    app.add_route(PATH, Clicks(topic, flight, rates))
    app.add_route(f"{PATH}/openapi.json", Contract())
    return app


def management(settings: Settings, topic: ClicksTopic) -> Management:
    return Management(
        settings.management_host,
        settings.management_port,
        live=topic.health.alive,
        ready=topic.health.checks,
    )
