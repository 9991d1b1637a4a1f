"""What the application and a request carry: typed, in the places that Sanic has for it."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from time import perf_counter
from types import SimpleNamespace
from typing import Any

from sanic import Config, Request, Sanic

from basket.settings import Settings
from bazaar_shared.auth import AsyncTokenVerifier
from bazaar_shared.management import Health, Management
from bazaar_shared.metrics import HttpMetrics


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


class RequestContext(SimpleNamespace):
    """`open` holds the span and the count of requests in flight; the response's middleware closes it."""

    started: float
    open: ExitStack

    def __init__(self) -> None:
        super().__init__(started=perf_counter(), open=ExitStack())


type BasketApp = Sanic[Config, AppContext]


class BasketRequest(Request[Sanic[Config, AppContext], RequestContext]):
    @staticmethod
    def make_context() -> RequestContext:
        return RequestContext()
