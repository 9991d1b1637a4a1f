"""The application: `python -m basket serve`, or `sanic basket.app:create_app --factory`. Importing it does
nothing.
"""

from prometheus_client import REGISTRY, CollectorRegistry
from sanic import Blueprint, Config, Sanic
from sanic_ext import Config as ExtendConfig
from sanic_ext import Extend
from sanic_ext.extensions.injection.extension import InjectionExtension

from basket import lifecycle
from basket.api import baskets, contract, dependencies, lines, middleware
from basket.api.context import AppContext, BasketApp, BasketRequest
from basket.api.errors import ProblemHandler
from basket.api.responses import PREFIX
from basket.settings import Settings, load
from bazaar_shared.metrics import HttpMetrics

MAX_BODY = 64 * 1024
# longer than the gateway keeps an idle connection (1.5 s): it never sends into one that is being closed here
KEEP_ALIVE_SECONDS = 75
REQUEST_SECONDS = 10
SHUTDOWN_SECONDS = 15


def create_app(*, settings: Settings | None = None, registry: CollectorRegistry = REGISTRY) -> BasketApp:
    """Without settings they are read from the environment. By name only: Sanic's command offers its own
    arguments to a factory that takes any.
    """
    settings = settings or load()
    app: BasketApp = Sanic(
        "basket",
        config=_config(),
        ctx=AppContext(settings, HttpMetrics(registry)),
        request_class=BasketRequest,  # type: ignore[arg-type]  # its annotation knows plain contexts only
        error_handler=ProblemHandler(),
        # logs are JSON lines and set up already
        configure_logging=False,
    )
    # of sanic-ext only its injection: CORS is the gateway's, and the document our own (api/contract.py)
    Extend(app, extensions=[InjectionExtension], built_in_extensions=False, config=_injection())
    dependencies.install(app)
    middleware.install(app)
    app.blueprint(Blueprint.group(baskets.blueprint, lines.blueprint, contract.blueprint, url_prefix=PREFIX))
    lifecycle.install(app)
    return app


def _config() -> Config:
    config = Config()
    config.update(
        {
            "ACCESS_LOG": False,  # the gateway writes it
            "GRACEFUL_SHUTDOWN_TIMEOUT": SHUTDOWN_SECONDS,
            "KEEP_ALIVE_TIMEOUT": KEEP_ALIVE_SECONDS,
            "MOTD": False,
            "REQUEST_MAX_SIZE": MAX_BODY,
            "REQUEST_TIMEOUT": REQUEST_SECONDS,
            "RESPONSE_TIMEOUT": REQUEST_SECONDS,
        }
    )
    return config


def _injection() -> ExtendConfig:
    # after the body was read and the request's middleware: by default it is before both
    return ExtendConfig(
        injection_signal="http.handler.before",
        http_all_methods=False,
        http_auto_head=False,
        http_auto_options=False,
        cors=False,
        oas=False,
    )
