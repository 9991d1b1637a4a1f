"""What the HTTP side refuses, and in which words."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from bazaar_shared.testing import aeventually
from tests.component.conftest import Market, Person

PROBLEM = "application/problem+json"


def kind(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == PROBLEM, answer.text
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["trace_id"] == answer.headers["x-trace-id"]
    return answer.status_code, document["type"].rpartition("/")[2]


async def browse(market: Market, person: Person, method: str, path: str, **more: Any) -> httpx.Response:
    """As a page does: by the storefront's cookie."""
    cookies = {"bazaar_access": person.token()} | more.pop("cookies", {})
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    headers |= more.pop("headers", {})
    return await market.api[0].request(method, path, headers=headers, **more)


async def test_strangers_are_refused(market: Market) -> None:
    paths = ["/conversations", "/unread", f"/orders/{uuid4()}/events", f"/conversations/{uuid4()}/updates"]
    for path in paths:
        answer = await market.api[0].get(path)
        assert kind(answer) == (401, "unauthenticated")
    answer = await market.api[0].post("/conversations", json={})
    assert kind(answer) == (401, "unauthenticated")


async def test_a_connection_outlives_refusals(market: Market) -> None:
    """One that is closed behind an answer breaks the next request of whoever keeps it: the gateway does."""
    shopper = market.person()
    limits = httpx.Limits(max_connections=1)
    async with httpx.AsyncClient(base_url=market.replicas[0].url, limits=limits) as api:
        for _ in range(3):
            assert kind(await api.post("/conversations", json={}))[0] == 401
            big = await api.post("/conversations", content=b"x" * 100_000, headers=shopper.headers)
            assert kind(big) == (413, "body-too-large")


async def test_a_cookie_needs_the_proof_against_forgery(market: Market) -> None:
    shopper, _, conversation = await market.talk()
    path = f"/conversations/{conversation}/messages"
    new = {"client_message_id": str(uuid4()), "body": "Hello"}
    assert kind(await browse(market, shopper, "POST", path, json=new)) == (403, "forbidden")
    page = await browse(market, shopper, "GET", "/unread")
    given = {name: page.cookies[name] for name in ("_xsrf", "bazaar_chat")}
    cookies = {name: value.strip('"') for name, value in given.items()}
    proof = {"X-XSRFToken": cookies["_xsrf"]}
    without = await browse(market, shopper, "POST", path, json=new, cookies=cookies)
    assert kind(without) == (403, "forbidden")
    good = await browse(market, shopper, "POST", path, json=new, cookies=cookies, headers=proof)
    assert good.status_code == 201
    # tossed by a neighboring host: a pair that fits, but not to this session
    tossed = {"_xsrf": cookies["_xsrf"]}
    assert (
        kind(await browse(market, shopper, "POST", path, json=new, cookies=tossed, headers=proof))[0] == 403
    )
    other = market.person()
    another = await browse(market, other, "POST", path, json=new, cookies=cookies, headers=proof)
    assert kind(another) == (403, "forbidden")
    # a bearer needs none, and a bad one is not made good by a cookie
    assert (await shopper.ask("POST", path, json=new)).status_code == 200
    bad = {"Authorization": "Bearer nonsense"}
    assert kind(await browse(market, shopper, "GET", "/unread", headers=bad)) == (401, "unauthenticated")


async def test_cookies_are_given_with_care(market: Market) -> None:
    page = await browse(market, market.person(), "GET", "/unread")
    given = {value.partition("=")[0]: value for value in page.headers.get_list("set-cookie")}
    assert "SameSite=Lax" in given["_xsrf"]
    assert "HttpOnly" not in given["_xsrf"]  # the page's script reads it
    assert "HttpOnly" in given["bazaar_chat"]
    assert "Path=/api/chat" in given["bazaar_chat"]
    bearer = await market.person().ask("GET", "/unread")
    assert "set-cookie" not in bearer.headers


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "subject"),
        ({"subject": {"kind": "person", "id": str(uuid4())}}, "subject.kind"),
        ({"subject": {"kind": "product", "id": "x"}}, "subject.id"),
        ({"subject": {"kind": "product", "id": str(uuid4()), "why": 1}}, "subject.why"),
        ({"subject": {"kind": "product", "id": str(uuid4())}, "sellerid": 1}, "sellerid"),
        ([], "body"),
    ],
)
async def test_each_wrong_field_is_named(market: Market, body: Any, field: str) -> None:
    answer = await market.person().ask("POST", "/conversations", json=body)
    assert kind(answer) == (422, "validation-failed")
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=x", "limit"), ("side=both", "side"), ("page=2", "page")],
)
async def test_each_wrong_parameter_is_named(market: Market, query: str, field: str) -> None:
    answer = await market.person().ask("GET", f"/conversations?{query}")
    assert kind(answer) == (422, "validation-failed")
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("cursor", ["x", "e30", "eyJhZnRlciI6LTF9", "eyJhZnRlciI6MWU0MH0"])
async def test_cursors_that_are_not_ours(market: Market, cursor: str) -> None:
    shopper, _, conversation = await market.talk()
    for path in ("/conversations", f"/conversations/{conversation}/messages"):
        answer = await shopper.ask("GET", f"{path}?cursor={cursor}")
        assert kind(answer) == (400, "invalid-cursor")


async def test_bodies_that_are_none(market: Market) -> None:
    shopper = market.person()
    json_header = {"Content-Type": "application/json"}

    async def post(content: Any, headers: dict[str, str] = json_header) -> tuple[int, str]:
        return kind(await shopper.ask("POST", "/conversations", content=content, headers=headers))

    assert await post(b"{") == (400, "malformed-body")
    assert await post(b"") == (400, "malformed-body")
    assert await post(b"\xff") == (400, "malformed-body")
    assert await post(b"{}", {"Content-Type": "text/plain"}) == (415, "unsupported-media-type")
    assert await post(b" " * 65_537) == (413, "body-too-large")


async def send_raw(market: Market, header: str, body: bytes = b"") -> tuple[bytes, bytes]:
    """The answer's head and body, as far as there is one before the connection is closed."""
    process, token = market.replicas[0], market.person().token()
    reader, writer = await asyncio.open_connection("127.0.0.1", process.http)
    head = (
        f"POST /api/chat/conversations HTTP/1.1\r\nHost: {process.address}\r\n"
        f"Authorization: Bearer {token}\r\n{header}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    head_answered, _, body_answered = answer.partition(b"\r\n\r\n")
    return head_answered, body_answered


async def test_a_body_that_is_said_to_be_huge_is_not_waited_for(market: Market) -> None:
    head, body = await send_raw(market, f"Content-Length: {10**9}")
    assert head.startswith(b"HTTP/1.1 413")
    assert b"Connection: close" in head
    assert json.loads(body)["type"].endswith("/body-too-large")


async def test_bodies_of_unknown_length(market: Market) -> None:
    chunk, end = b"2000\r\n" + b"x" * 0x2000 + b"\r\n", b"0\r\n\r\n"
    head, body = await send_raw(market, "Transfer-Encoding: chunked\r\nConnection: close", chunk * 10 + end)
    assert head.startswith(b"HTTP/1.1 413")
    assert json.loads(body)["type"].endswith("/body-too-large")
    # one that goes on and on is cut off by Tornado, which has no hook for the words
    head, body = await send_raw(market, "Transfer-Encoding: chunked", chunk * 33)
    assert (head, body) == (b"HTTP/1.1 400 Bad Request", b"")


async def test_what_is_not_there(market: Market) -> None:
    person = market.person()
    for path in ("/nothing", "/conversations/x", "/conversations/1/messages"):
        assert kind(await person.ask("GET", path)) == (404, "not-found")
    unknown = {"subject": {"kind": "product", "id": str(uuid4())}}
    assert kind(await person.ask("POST", "/conversations", json=unknown)) == (404, "not-found")


async def test_methods_that_are_not_allowed(market: Market) -> None:
    person = market.person()
    answer = await person.ask("DELETE", "/conversations")
    assert kind(answer) == (405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, POST"
    assert (await person.ask("FOO", "/conversations")).status_code == 405


async def test_a_trace_is_taken_up_and_passed_on(market: Market) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    answer = await market.person().ask("GET", "/unread", headers=headers)
    assert answer.headers["x-trace-id"] == trace
    assert market.neighbors.traces["catalog"] == trace


async def test_routes_are_measured_by_their_template(market: Market) -> None:
    shopper, _, conversation = await market.talk()
    await shopper.ask("GET", f"/conversations/{conversation}")
    route = "/api/chat/conversations/{conversation_id}"
    labels = f'http_request_method="GET",http_response_status_code="200",http_route="{route}"'
    name = f"http_server_request_duration_seconds_count{{{labels}}}"
    await aeventually(lambda: market.replicas[0].metric(name) >= 1)
    assert conversation not in market.replicas[0].managed("/metrics")[1]
