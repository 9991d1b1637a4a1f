"""What the doubles hold and how they answer: plain data that a test changes, and a table of routes."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from bazaar_shared.problems import ERRORS, TYPE_PREFIX
from bazaar_shared.testing import TokenForge
from tests.unit import contracts
from tests.unit.collaborators.goods import BOWL, TEAPOT, product


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    names: dict[str, str] = field(default_factory=dict)

    @property
    def token(self) -> str | None:
        return self.headers.get("authorization", "").removeprefix("Bearer ") or None


@dataclass
class Answer:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


def refusal(slug: str, **members: Any) -> Answer:
    status, title = ERRORS[slug]
    headers = {"retry-after": "7"} if status == 429 else {}
    body = {"type": TYPE_PREFIX + slug, "title": title, "status": status, "trace_id": None}
    return Answer(status, body | members, headers)


def unknown() -> Answer:
    """Who is it?"""
    return refusal("unauthenticated", detail="no")


def listed(items: list[Any], next_cursor: str | None = None) -> Answer:
    return Answer(200, {"items": items, "next_cursor": next_cursor})


type Handler = Callable[["Collaborators", Request], Answer]
_ROUTES: list[tuple[str, str, re.Pattern[str], Handler]] = []


def route(method: str, template: str) -> Callable[[Handler], Handler]:
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))

    def register(handler: Handler) -> Handler:
        _ROUTES.append((method, template, pattern, handler))
        return handler

    return register


@dataclass
class Collaborators:
    """The market's state, what was asked, and what is broken."""

    forge: TokenForge = field(default_factory=TokenForge)
    asked: list[Request] = field(default_factory=list)
    # by service: "500", or seconds that it takes for an answer
    broken: dict[str, str | float] = field(default_factory=dict)
    # by (method, path): answers that are given first
    scripted: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    products: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            TEAPOT: product(TEAPOT, "Teapot", 4200),
            BOWL: product(BOWL, "Bowl", 1250, available=2),
        }
    )
    accounts: dict[str, str] = field(default_factory=lambda: {"ada@example.org": "correct horse battery"})
    subject: str = field(default_factory=lambda: str(uuid4()))
    refresh_tokens: list[str] = field(default_factory=lambda: ["refresh-0"])
    baskets: dict[str, dict[str, Any]] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    journal: list[dict[str, Any]] = field(default_factory=list)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    may_review: bool = True
    # the stalls that the visitor works for, as catalog lists them
    works_for: list[dict[str, Any]] = field(default_factory=list)
    talks: dict[str, dict[str, Any]] = field(default_factory=dict)
    # by conversation
    said: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    trending: list[dict[str, Any]] = field(default_factory=list)
    # by minute of the hour that insights shows: (orders, revenue)
    sold: dict[int, tuple[int, int]] = field(default_factory=dict)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    # where the storefront or this double left a contract; the fixture looks
    breaches: list[str] = field(default_factory=list)
    url: str = ""

    def calls(self, method: str, start: str) -> list[Request]:
        return [seen for seen in self.asked if seen.method == method and seen.path.startswith(start)]

    def grant(self) -> dict[str, Any]:
        return {
            "access_token": self.forge.token(self.subject),
            "token_type": "Bearer",
            "expires_in": 600,
            "refresh_token": self.refresh_tokens[-1],
            "session_id": str(uuid4()),
        }

    def basket(self, owner: str, *lines: tuple[str, int]) -> dict[str, Any]:
        found = {"id": str(uuid4()), "version": 1, "owner": owner, "lines": dict(lines), "token": "s3cret"}
        self.baskets[found["id"]] = found
        return found

    async def answer(self, request: Request) -> Answer:
        self.asked.append(request)
        service = request.path.split("/")[2] if request.path.startswith("/api/") else "identity"
        trouble = self.broken.get(service)
        if isinstance(trouble, str):
            return Answer(int(trouble), {})
        if trouble is not None:
            await asyncio.sleep(trouble)
        scripted = self.scripted.get((request.method, request.path))
        if scripted:
            return scripted.pop(0)
        for method, template, pattern, handler in _ROUTES:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                request.names = match.groupdict()
                return self._checked(request, template, handler)
        return refusal("not-found")

    def _checked(self, request: Request, template: str, handler: Handler) -> Answer:
        """Judged by the service's contract: neither who asks nor this double may leave it unseen."""
        answer = handler(self, request)
        try:
            if answer.status < 300:
                contracts.check_request(request.method, template, request.body)
            contracts.check_answer(request.method, template, answer.status, answer.body)
        except AssertionError as broken:
            self.breaches.append(f"{request.method} {request.path}: {broken}")
        return answer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        raw = b""
        while True:
            message = await receive()
            raw += message.get("body", b"")
            if not message.get("more_body"):
                break
        request = Request(
            method=scope["method"],
            path=scope["path"],
            query={name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()},
            headers={name.decode(): value.decode() for name, value in scope["headers"]},
            body=json.loads(raw) if raw else None,
        )
        answer = await self.answer(request)
        body = b"" if answer.body is None else json.dumps(answer.body).encode()
        headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        start = {"type": "http.response.start", "status": answer.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body})
