"""What the application and a request carry: typed, in the places that Sanic has for it."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from sanic import Config, Request, Sanic

from bazaar_shared.auth import AsyncTokenVerifier
from bazaar_shared.management import Health, Management
from bazaar_shared.metrics import HttpMetrics
from basket.settings import Settings


@dataclass(slots=True)
class AppContext:
    """Filled by the listeners: what has connections is made in the process and the loop that use it."""

    settings: Settings
    metrics: HttpMetrics
    health: Health = field(default_factory=lambda: Health("schema", "database"))
    verifier: AsyncTokenVerifier = field(init=False)
    management: Management = field(init=False)
    # sanic-ext keeps its registry of instances here
    _dependencies: Any = None


@dataclass(slots=True)
class RequestContext:
    started: float = field(default_factory=perf_counter)
    # the span, and the count of requests in flight; closed by the response's middleware
    open: ExitStack = field(default_factory=ExitStack)


type BasketApp = Sanic[Config, AppContext]


class BasketRequest(Request):
    @staticmethod
    def make_context() -> RequestContext:  # type: ignore[override]
        return RequestContext()
