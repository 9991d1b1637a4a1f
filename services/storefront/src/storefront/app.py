"""The application: settings in, Quart out. Importing it does nothing."""

from collections.abc import AsyncGenerator
from datetime import timedelta

from prometheus_client import REGISTRY, CollectorRegistry
from quart import Quart, request

from bazaar_shared.metrics import HttpMetrics
from storefront import assets, csrf, observation, pages, recorder, rendering, security, visitor, visits
from storefront.market import Market, open_http
from storefront.pages.progress import Streams
from storefront.settings import Settings

_LARGEST_FORM = 64 * 1024
_BODY_SECONDS = 10
_RESPONSE_SECONDS = 30
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def create_app(settings: Settings, registry: CollectorRegistry = REGISTRY) -> Quart:
    # static files are served by assets.py, under addresses that change with them
    app = Quart("storefront", static_folder=None)
    app.secret_key = str(settings.cookie_key)
    app.config.update(
        MAX_CONTENT_LENGTH=_LARGEST_FORM,
        BODY_TIMEOUT=_BODY_SECONDS,
        RESPONSE_TIMEOUT=_RESPONSE_SECONDS,
        SESSION_COOKIE_NAME="bazaar_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.cookie_secure,
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
    )
    app.extensions["settings"] = settings
    app.extensions["streams"] = Streams(settings.streams)

    @app.while_serving
    async def ask_others() -> AsyncGenerator[None]:
        async with open_http() as http:
            market = app.extensions["market"] = Market.of(settings, http)
            yield
            await market.aclose()

    @app.before_request
    async def begin_record() -> None:
        reading = request.method in _READING
        recorder.begin(recorder.READING_SECONDS if reading else recorder.WRITING_SECONDS)

    # the order is that of the work before a request; what follows one runs the other way round
    security.install(app)
    csrf.install(app)
    visitor.install(app)
    visits.install(app)
    rendering.install(app, settings.currency)
    assets.install(app)
    pages.install(app)
    # wraps all of the above
    observation.install(app, HttpMetrics(registry))
    return app
