import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from jinja2 import FileSystemBytecodeCache
from prometheus_client import CollectorRegistry
from quart import Quart, Response
from quart.typing import TestClientProtocol
from storefront.app import create_app
from storefront.settings import SERVICES, Settings

from bazaar_shared import telemetry
from bazaar_shared.settings import Redacted
from tests.unit import REPOSITORY
from tests.unit.collaborators import Collaborators, serving


@pytest.fixture(scope="session", autouse=True)
def _tracing() -> None:
    telemetry.configure("storefront", "test")


@pytest.fixture
async def market() -> AsyncIterator[Collaborators]:
    collaborators = Collaborators()
    async with serving(collaborators) as url:
        collaborators.url = url
        yield collaborators
    assert collaborators.breaches == []


@pytest.fixture
def settings(market: Collaborators) -> Settings:
    return Settings(
        urls=dict.fromkeys(SERVICES, market.url),
        cookie_key=Redacted("a key for tests, and for nothing else"),
        source_dir=REPOSITORY,
    )


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates are compiled once for all applications; nothing else of them is shared."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
async def app(settings: Settings, compiled: FileSystemBytecodeCache) -> AsyncIterator[Quart]:
    app = create_app(settings, CollectorRegistry())
    app.jinja_env.bytecode_cache = compiled
    async with app.test_app():
        yield app


class Browser:
    """Quart's test client with what a browser does besides: it keeps a page's form token."""

    def __init__(self, app: Quart) -> None:
        self.client: TestClientProtocol = app.test_client()

    async def get(self, path: str, **given: Any) -> Response:
        return await self.client.get(path, **given)

    async def text(self, path: str, **given: Any) -> str:
        response = await self.get(path, **given)
        return str(await response.get_data(as_text=True))

    async def post(self, path: str, form: dict[str, Any] | None = None, **given: Any) -> Response:
        token = form_token(await self.text("/about"))
        return await self.client.post(path, form={"csrf_token": token, **(form or {})}, **given)

    async def sign_in(self, **more: str) -> Response:
        form = {"email": "ada@example.org", "password": "correct horse battery", **more}
        return await self.post("/sign-in", form)

    def cookie(self, name: str) -> Any:
        jar = self.client.cookie_jar
        return next((cookie for cookie in jar if cookie.name == name), None) if jar else None

    def keep(self, name: str, value: str) -> None:
        self.client.set_cookie("localhost", name, value)


def form_token(html: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"|X-CSRF-Token": "([^"]+)"', html)
    assert found, html[:2000]
    return found[1] or found[2]


@pytest.fixture
def browser(app: Quart) -> Browser:
    return Browser(app)


@pytest.fixture
async def app_without(settings: Settings, request: pytest.FixtureRequest) -> AsyncIterator[Quart]:
    """Some services at an address where nobody listens: `parametrize("app_without", [("reviews",)],
    indirect=True)`.
    """
    gone = dict.fromkeys(request.param, "http://127.0.0.1:9")
    app = create_app(replace(settings, urls={**settings.urls, **gone}), CollectorRegistry())
    async with app.test_app():
        yield app
