"""What is refused, and how it is said: problem details of the one catalogue, and nothing stored."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from bazaar_shared.testing import TokenForge
from tests.component.conftest import Shop
from tests.component.process import Process


def problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["type"] == f"https://bazaar.example/problems/{slug}"
    assert told["trace_id"] == answer.headers["x-trace-id"]
    return told


PRODUCT = "00000000-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"product_id": PRODUCT}, "quantity", "missing"),
        ({"quantity": 1}, "product_id", "missing"),
        ({"product_id": PRODUCT, "quantity": 1, "price_minor": 1}, "price_minor", "extra_forbidden"),
        ({"product_id": PRODUCT, "quantity": 0}, "quantity", "greater_than_equal"),
        ({"product_id": PRODUCT, "quantity": -1}, "quantity", "greater_than_equal"),
        ({"product_id": PRODUCT, "quantity": 100}, "quantity", "less_than_equal"),
        ({"product_id": PRODUCT, "quantity": 10**30}, "quantity", "less_than_equal"),
        ({"product_id": PRODUCT, "quantity": "2"}, "quantity", "int_type"),
        ({"product_id": PRODUCT, "quantity": 1.5}, "quantity", "int_type"),
        ({"product_id": PRODUCT, "quantity": True}, "quantity", "int_type"),
        ({"product_id": PRODUCT, "quantity": None}, "quantity", "int_type"),
        ({"product_id": "tea", "quantity": 1}, "product_id", "uuid_parsing"),
        ({"product_id": PRODUCT + "\0", "quantity": 1}, "product_id", "uuid_parsing"),
        ({"product_id": PRODUCT, "quantity": 1}, "product_id", "unknown_product"),
        ([], "body", "model_type"),
        (None, "body", "model_type"),
    ],
    ids=str,
)
async def test_a_line_that_is_not_valid(shop: Shop, body: Any, field: str, code: str) -> None:
    guest = await shop.guest()
    headers = guest.headers | {"If-Match": '"1"', "Content-Type": "application/json"}
    answer = await shop.api.post(f"/baskets/{guest.id}/lines", content=json.dumps(body), headers=headers)
    errors = problem(answer, 422, "validation-failed")["errors"]
    assert [(error["field"], error["code"]) for error in errors] == [(field, code)]
    assert (await guest.look())["version"] == 1
    assert await shop.events(guest.id) == [(1, "open")]


@pytest.mark.parametrize(
    ("content", "status", "slug"),
    [
        (b"", 400, "malformed-body"),
        (b"{", 400, "malformed-body"),
        (b"\xff\xfe", 400, "malformed-body"),
        (b"[" * 60_000, 400, "malformed-body"),
        (b'{"quantity": NaN}', 422, "validation-failed"),
        (b" " * 70_000, 413, "body-too-large"),
    ],
    ids=["empty", "broken", "no-utf8", "deep", "nan", "huge"],
)
async def test_a_body_that_cannot_be_read(shop: Shop, content: bytes, status: int, slug: str) -> None:
    guest = await shop.guest()
    headers = guest.headers | {"If-Match": '"1"', "Content-Type": "application/json"}
    answer = await shop.api.post(f"/baskets/{guest.id}/lines", content=content, headers=headers)
    problem(answer, status, slug)
    assert (await guest.look())["version"] == 1


async def test_a_body_without_a_length_is_counted(shop: Shop, serving: Process) -> None:
    """By hand, for the answer comes before the body's end."""
    guest = await shop.guest()
    head = (
        f"POST /api/basket/baskets/{guest.id}/lines HTTP/1.1\r\nHost: basket\r\n"
        'Transfer-Encoding: chunked\r\nContent-Type: application/json\r\nIf-Match: "1"\r\n'
        f"Basket-Token: {guest.headers['Basket-Token']}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", serving.http)
    writer.write(head.encode() + (b"3e8\r\n" + b" " * 1000 + b"\r\n") * 66)
    async with asyncio.timeout(10):
        answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in answer


async def test_only_json_is_taken(shop: Shop) -> None:
    guest = await shop.guest()
    headers = guest.headers | {"If-Match": '"1"', "Content-Type": "text/plain"}
    answer = await shop.api.post(f"/baskets/{guest.id}/lines", content=b"{}", headers=headers)
    problem(answer, 415, "unsupported-media-type")


KINDS = sorted(TokenForge().bad_tokens())


@pytest.mark.parametrize("kind", KINDS)
async def test_bad_tokens(shop: Shop, kind: str) -> None:
    member = await shop.member(str(uuid4()))
    headers = {"Authorization": f"Bearer {shop.forge.bad_tokens()[kind]}"}
    merge = {"basket_id": str(uuid4()), "token": "x"}
    for answer in [
        await shop.api.post("/baskets", headers=headers),
        await shop.api.get("/baskets/mine", headers=headers),
        await shop.api.get(f"/baskets/{member.id}", headers=headers),
        await shop.api.post("/baskets/mine/merge", headers=headers, json=merge),
        # who calls comes first: nothing is said of the body or the missing version
        await shop.api.post(f"/baskets/{member.id}/lines", headers=headers, content=b"{"),
        await shop.api.delete(f"/baskets/{member.id}/lines", headers=headers),
    ]:
        problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert await shop.pool.fetchval("select count(*) from basket") == 1


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "abc"])
async def test_what_is_no_bearer_token_is_not_taken_for_a_guest(shop: Shop, header: str) -> None:
    problem(await shop.api.post("/baskets", headers={"Authorization": header}), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("header", "status", "slug"),
    [("Authorization", 401, "unauthenticated"), ("Basket-Token", 404, "not-found")],
)
async def test_a_token_of_bytes_that_are_no_text(shop: Shop, header: str, status: int, slug: str) -> None:
    """Sanic hands such bytes on as lone surrogates, which nothing can encode."""
    guest = await shop.guest()
    answer = await shop.api.get(f"/baskets/{guest.id}", headers={header: b"Bearer a\xff"})
    problem(answer, status, slug)


async def test_who_proves_nothing(shop: Shop) -> None:
    guest = await shop.guest()
    problem(await shop.api.get(f"/baskets/{guest.id}"), 401, "unauthenticated")
    problem(await shop.api.get("/baskets/mine"), 401, "unauthenticated")


async def test_only_shoppers_have_baskets(shop: Shop) -> None:
    seller = shop.token(str(uuid4()), roles=("seller",))
    service = shop.token("orders", roles=("shopper",))
    for headers in (seller, service):
        problem(await shop.api.get("/baskets/mine", headers=headers), 403, "forbidden")
        problem(await shop.api.post("/baskets", headers=headers), 403, "forbidden")
    assert await shop.pool.fetchval("select count(*) from basket") == 0


async def test_anothers_basket_is_not_there(shop: Shop) -> None:
    tea = await shop.sell()
    member, guest = await shop.member(str(uuid4())), await shop.guest()
    await member.add(tea)
    await guest.add(tea)
    stranger = shop.token(str(uuid4()))
    wrong_token = {"Basket-Token": "x" * 43}
    body = {"product_id": str(tea), "quantity": 1}
    for basket in (member, guest):
        for proof in (stranger, wrong_token, {"Basket-Token": ""}, stranger | wrong_token):
            headers = proof | {"If-Match": f'"{basket.seen["version"]}"'}
            for answer in [
                await shop.api.get(f"/baskets/{basket.id}", headers=headers),
                await shop.api.post(f"/baskets/{basket.id}/lines", headers=headers, json=body),
                await shop.api.put(
                    f"/baskets/{basket.id}/lines/{tea}", headers=headers, json={"quantity": 9}
                ),
                await shop.api.delete(f"/baskets/{basket.id}/lines/{tea}", headers=headers),
                await shop.api.delete(f"/baskets/{basket.id}/lines", headers=headers),
            ]:
                problem(answer, 404, "not-found")
        assert (await basket.look())["version"] == 2
    # a guest's token opens no member's basket, and a member's no guest's
    problem(await shop.api.get(f"/baskets/{member.id}", headers=guest.headers), 404, "not-found")
    problem(await shop.api.get(f"/baskets/{guest.id}", headers=member.headers), 404, "not-found")
    # both together open both
    both = guest.headers | member.headers
    for basket in (member, guest):
        assert (await shop.api.get(f"/baskets/{basket.id}", headers=both)).status_code == 200


async def test_each_change_names_the_version_that_was_seen(shop: Shop) -> None:
    tea = await shop.sell()
    guest = await shop.guest()
    await guest.add(tea)
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/lines", {"json": {"product_id": str(tea), "quantity": 1}}),
        ("PUT", f"/lines/{tea}", {"json": {"quantity": 3}}),
        ("DELETE", f"/lines/{tea}", {}),
        ("DELETE", "/lines", {}),
    ]
    for method, path, more in calls:
        problem(await guest.send(method, path, version=None, **more), 428, "precondition-required")
        for version in (1, 3, "x", "02x"):
            answer = await guest.send(method, path, version=version, **more)
            assert problem(answer, 412, "precondition-failed")["current_version"] == 2
            assert answer.headers["etag"] == '"2"'
    headers = guest.headers | {"If-Match": "*"}
    problem(
        await shop.api.delete(f"/baskets/{guest.id}/lines", headers=headers), 428, "precondition-required"
    )
    weak = guest.headers | {"If-Match": 'W/"2"'}
    problem(await shop.api.delete(f"/baskets/{guest.id}/lines", headers=weak), 412, "precondition-failed")
    assert (await guest.look())["version"] == 2
    several = guest.headers | {"If-Match": '"1", "2"'}
    assert (await shop.api.delete(f"/baskets/{guest.id}/lines", headers=several)).status_code == 200


async def test_lines_and_baskets_that_are_not_there(shop: Shop) -> None:
    tea = await shop.sell()
    guest = await shop.guest()
    problem(await guest.send("PUT", f"/lines/{tea}", json={"quantity": 1}), 404, "not-found")
    problem(await guest.send("DELETE", f"/lines/{tea}"), 404, "not-found")
    for path in (f"/baskets/{uuid4()}", "/baskets/tea", "/nothing"):
        problem(await shop.api.get(path, headers=guest.headers), 404, "not-found")
    problem(await guest.send("PUT", "/lines/tea", json={"quantity": 1}), 404, "not-found")


@pytest.mark.parametrize(
    "since", ["x", "-1", "1.5", "", "٣", str(2**63), "1" * 5000], ids=lambda since: since[:20]
)
async def test_since_is_a_version(shop: Shop, since: str) -> None:
    guest = await shop.guest()
    answer = await shop.api.get(f"/baskets/{guest.id}", params={"since": since}, headers=guest.headers)
    told = problem(answer, 422, "validation-failed")
    assert [error["field"] for error in told["errors"]] == ["since"]


async def test_methods_that_are_not_there(shop: Shop) -> None:
    answer = await shop.api.patch("/baskets")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"


async def test_a_trace_is_taken_up_and_told(shop: Shop) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = await shop.api.post("/baskets", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert answer.headers["x-trace-id"] == trace
    told = await shop.pool.fetchval("select envelope->>'traceparent' from outbox")
    assert told.split("-")[1] == trace


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 9000 + b"\r\n\r\n", b"413"),
        (b"POST /api/basket/baskets HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"400"),
    ],
    ids=["no-http", "huge-header", "no-length"],
)
async def test_what_is_no_request(serving: Process, request_: bytes, status: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", serving.http)
    writer.write(request_)
    async with asyncio.timeout(10):
        answer = await reader.read(4096)
    writer.close()
    assert answer.split(b" ")[1] == status
    assert b"application/problem+json" in answer


async def test_metrics_are_by_route(shop: Shop, serving: Process) -> None:
    guest = await shop.guest()
    await guest.look()
    await shop.api.get(f"/nothing/{uuid4()}")
    metrics = serving.managed("/metrics")[1]
    route = 'http_route="/api/basket/baskets/{basket_id}"'
    assert any(route in line and 'status_code="200"' in line for line in metrics.splitlines())
    assert 'http_route="unmatched"' in metrics
    assert guest.id not in metrics
    assert 'http_server_active_requests{http_request_method="GET"} 0.0' in metrics
