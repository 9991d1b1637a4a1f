"""The door: who may come in, and what a request that is not right is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from orders.app import create_app
from orders.container import Container, close
from orders.settings import Settings
from prometheus_client import CollectorRegistry

from bazaar_shared.pagination import encode
from bazaar_shared.testing import TokenForge
from tests.component.conftest import ADDRESS, NOTHING, Market


def problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    document: dict[str, Any] = answer.json()
    assert document["type"] == f"https://bazaar.example/problems/{slug}"
    assert document["status"] == status
    assert document["trace_id"] == answer.headers["X-Trace-Id"]
    return document


async def test_the_door_is_closed_without_a_token(market: Market) -> None:
    order = await market.buy()
    for method, path in [
        ("GET", "/api/orders"),
        ("POST", "/api/orders"),
        ("GET", f"/api/orders/{order['id']}"),
        ("GET", f"/api/orders/{order['id']}/journal"),
        ("POST", f"/api/orders/{order['id']}/cancel"),
    ]:
        answer = await market.api.request(method, path)
        problem(answer, 401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_bad_tokens_are_refused_here_too(market: Market, forge: TokenForge) -> None:
    product = await market.sell(100)
    for name, token in forge.bad_tokens(market.shopper).items():
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid4().hex}
        answer = await market.api.post("/api/orders", json=market.body([(product, 1)], 100), headers=headers)
        assert answer.status_code == 401, name
    assert await market.counts() == NOTHING


async def test_who_calls_is_asked_before_the_body_is_looked_at(market: Market, forge: TokenForge) -> None:
    broken, kind = b'{"lines": [', {"Content-Type": "application/json"}
    problem(await market.api.post("/api/orders", content=broken, headers=kind), 401, "unauthenticated")
    for name, token in forge.bad_tokens(market.shopper).items():
        headers = kind | {"Authorization": f"Bearer {token}"}
        answer = await market.api.post("/api/orders", content=broken, headers=headers)
        assert answer.status_code == 401, name


async def test_identity_headers_are_ignored(market: Market) -> None:
    order = await market.buy()
    pretended = {"X-User-Id": market.shopper, "X-User-Roles": "operator", "X-Forwarded-User": market.shopper}
    answer = await market.api.get(f"/api/orders/{order['id']}", headers=pretended)
    problem(answer, 401, "unauthenticated")


async def test_only_shoppers_buy(market: Market) -> None:
    product = await market.sell(100)
    headers = market.headers(roles=("seller",)) | {"Idempotency-Key": uuid4().hex}
    answer = await market.api.post("/api/orders", json=market.body([(product, 1)], 100), headers=headers)
    problem(answer, 403, "forbidden")
    assert await market.counts() == NOTHING


async def test_an_order_is_its_shoppers_and_operators_alone(market: Market) -> None:
    order = await market.buy()
    for path in ("", "/journal"):
        whole = f"/api/orders/{order['id']}{path}"
        problem(await market.get(whole, subject=str(uuid4())), 404, "not-found")
        assert (await market.get(whole)).status_code == 200
        assert (await market.get(whole, str(uuid4()), ("operator",))).status_code == 200
    problem(await market.get(f"/api/orders/{uuid4()}"), 404, "not-found")


async def test_a_service_reads_an_order_and_no_more(market: Market) -> None:
    order = await market.buy()
    one = f"/api/orders/{order['id']}"
    who = ("service:notifications", ("service",))
    before = await market.counts()
    seen = await market.get(one, *who)
    assert seen.json() == await market.order(order["id"])
    assert seen.json()["delivery_address"] == ADDRESS
    problem(await market.get(f"/api/orders/{uuid4()}", *who), 404, "not-found")
    problem(await market.get(f"{one}/journal", *who), 404, "not-found")
    cancelled = await market.api.post(f"{one}/cancel", headers=market.headers(*who))
    problem(cancelled, 404, "not-found")
    assert (await market.get("/api/orders", *who)).json() == {"items": [], "next_cursor": None}
    assert await market.counts() == before
    # the name alone is no role, and neither is being a seller
    for subject, roles in [("service:notifications", ()), (str(uuid4()), ("seller",))]:
        problem(await market.get(one, subject, roles), 404, "not-found")


async def test_a_forged_service_reads_nothing(market: Market, forge: TokenForge) -> None:
    order = await market.buy()
    stranger = TokenForge()
    forged = [*forge.bad_tokens("service:x").values(), stranger.token("service:x", ("service",), sid=None)]
    for token in forged:
        headers = {"Authorization": f"Bearer {token}"}
        problem(await market.api.get(f"/api/orders/{order['id']}", headers=headers), 401, "unauthenticated")


async def test_a_key_is_required(market: Market) -> None:
    product = await market.sell(100)
    body = market.body([(product, 1)], 100)
    answer = await market.api.post("/api/orders", json=body, headers=market.headers())
    problem(answer, 400, "idempotency-key-missing")
    for key in ("short", "x" * 201, "with\ttab-in-it"):
        answer = await market.post(body, key=key)
        [error] = problem(answer, 422, "validation-failed")["errors"]
        assert error["field"] == "Idempotency-Key"
    assert await market.counts() == NOTHING


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lines": []}, "lines"),
        ({"lines": [{"product_id": str(uuid4()), "quantity": 0}]}, "lines[0].quantity"),
        (
            {"lines": [{"product_id": str(uuid4()), "quantity": 1, "unit_price_minor": 1}]},
            "lines[0].unit_price_minor",
        ),
        ({"price_minor": 1}, "price_minor"),
        ({"voucher": "SUMMER"}, "voucher"),
        ({"delivery_address": {}}, "delivery_address.name"),
    ],
)
async def test_a_wrong_field_is_named(market: Market, change: dict[str, Any], field: str) -> None:
    product = await market.sell(100)
    answer = await market.post(market.body([(product, 1)], 100) | change)
    errors = problem(answer, 422, "validation-failed")["errors"]
    assert field in [error["field"] for error in errors]
    assert set(errors[0]) == {"field", "code", "message"}
    assert await market.counts() == NOTHING


@pytest.mark.parametrize(
    "raw", [b'{"lines": [', b"not json", b'"\xff"', b"[" * 20_000], ids=["cut", "text", "utf-8", "deep"]
)
async def test_what_is_not_json_is_refused(market: Market, raw: bytes) -> None:
    headers = market.headers() | {"Idempotency-Key": uuid4().hex, "Content-Type": "application/json"}
    answer = await market.api.post("/api/orders", content=raw, headers=headers)
    problem(answer, 400, "malformed-body")
    assert await market.counts() == NOTHING


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_another_content_type_is_refused(market: Market, kind: str) -> None:
    headers = market.headers() | {"Idempotency-Key": uuid4().hex, "Content-Type": kind}
    problem(
        await market.api.post("/api/orders", content=b"{}", headers=headers), 415, "unsupported-media-type"
    )


async def test_a_large_body_is_refused(market: Market) -> None:
    product = await market.sell(100)
    body = market.body([(product, 1)], 100, padding="x" * 70_000)
    problem(await market.post(body), 413, "body-too-large")


async def test_a_large_body_is_counted_while_it_is_read(market: Market) -> None:
    """Without a length to look at: no more is taken than is allowed."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1024
            yield b" " * 1024

    headers = market.headers() | {"Idempotency-Key": uuid4().hex, "Content-Type": "application/json"}
    answer = await market.api.post("/api/orders", content=endless(), headers=headers)
    problem(answer, 413, "body-too-large")
    assert await market.counts() == NOTHING


async def test_the_frameworks_own_refusals_are_problems_too(market: Market) -> None:
    problem(await market.get("/api/nothing"), 404, "not-found")
    problem(await market.get("/api/orders/"), 404, "not-found")
    answer = await market.api.put("/api/orders", headers=market.headers())
    problem(answer, 405, "method-not-allowed")
    [error] = problem(await market.get("/api/orders/not-a-uuid"), 422, "validation-failed")["errors"]
    assert error["field"] == "order_id"
    [error] = problem(await market.get("/api/orders?limit=0"), 422, "validation-failed")["errors"]
    assert error["field"] == "limit"
    problem(await market.get("/api/orders?cursor=made-up"), 400, "invalid-cursor")
    for time in ("2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        cursor = encode({"created_at": time, "id": str(uuid4())})
        problem(await market.get(f"/api/orders?cursor={cursor}"), 400, "invalid-cursor")


async def test_a_405_names_all_methods_of_the_path(market: Market) -> None:
    order = f"/api/orders/{uuid4()}"
    for path, methods in [
        ("/api/orders", "GET, POST"),
        (order, "GET"),
        (f"{order}/cancel", "POST"),
        ("/api/orders/openapi.json", "GET, HEAD"),
    ]:
        answer = await market.api.request("PUT", path, headers=market.headers())
        problem(answer, 405, "method-not-allowed")
        assert answer.headers["allow"] == methods, path


async def test_a_failure_of_ours_says_nothing_of_itself(
    container: Container, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(container.checkout(), "place", fail)
    product = await market.sell(100)
    answer = await market.post(market.body([(product, 1)], 100))
    assert "secret" not in json.dumps(problem(answer, 500, "internal"))


async def test_ones_own_orders_newest_first_page_by_page(market: Market) -> None:
    mine = [(await market.buy())["id"] for _ in range(5)]
    other = Market(market.api, market.pool, market.forge, shopper=str(uuid4()))
    await other.buy()
    # orders of one moment: the id decides
    await market.pool.execute("update orders set created_at = now() where id = any($1::uuid[])", mine[1:4])
    seen: list[str] = []
    cursor: str | None = None
    pages = 0
    while True:
        query = f"?limit=2&cursor={cursor}" if cursor else "?limit=2"
        page = (await market.get(f"/api/orders{query}")).json()
        seen += [order["id"] for order in page["items"]]
        pages += 1
        cursor = page["next_cursor"]
        if cursor is None:
            break
        if pages == 1:
            await market.buy()  # one that is placed meanwhile shifts nothing
    assert pages == 3
    assert sorted(seen) == sorted(mine)
    assert seen[:3] == sorted(mine[1:4], reverse=True)


async def test_orders_can_be_listed_by_status(market: Market) -> None:
    orders = [(await market.buy())["id"] for _ in range(3)]
    await market.pool.execute("update orders set status = 'shipped' where id = $1::uuid", orders[1])
    page = (await market.get("/api/orders?status=shipped")).json()
    assert [order["id"] for order in page["items"]] == [orders[1]]
    assert page["next_cursor"] is None
    problem(await market.get("/api/orders?status=lost"), 422, "validation-failed")


async def test_the_trace_goes_on_into_the_event_and_the_saga(market: Market) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    product = await market.sell(100)
    headers = market.headers() | {
        "Idempotency-Key": uuid4().hex,
        "traceparent": f"00-{trace}-b7ad6b7169203331-01",
    }
    answer = await market.api.post("/api/orders", json=market.body([(product, 1)], 100), headers=headers)
    assert answer.headers["X-Trace-Id"] == trace
    assert trace in await market.pool.fetchval("select traceparent from saga")
    assert trace in await market.pool.fetchval("select envelope->>'traceparent' from outbox")


async def test_the_metric_is_the_uniform_one(
    container: Container, forge: TokenForge, pool: asyncpg.Pool
) -> None:
    registry = CollectorRegistry()
    transport = httpx.ASGITransport(app=create_app(container, registry))
    async with httpx.AsyncClient(transport=transport, base_url="http://orders") as api:
        market = Market(api, pool, forge, str(uuid4()))
        order = await market.buy()
        await market.order(order["id"])
        await market.get("/api/nothing")
    name = "http_server_request_duration_seconds_count"

    def count(method: str, route: str, status: str) -> float | None:
        labels = {"http_request_method": method, "http_route": route, "http_response_status_code": status}
        return registry.get_sample_value(name, labels)

    assert count("POST", "/api/orders", "202") == 1
    assert count("GET", "/api/orders/{order_id}", "200") == 1
    assert count("GET", "unmatched", "404") == 1


async def test_without_a_database_it_is_unavailable(settings: Settings, forge: TokenForge) -> None:
    gone = settings.model_copy(update={"database_url": "postgresql://nobody@127.0.0.1:1/orders"})
    container = Container(settings=gone)
    await container.pool()
    transport = httpx.ASGITransport(
        app=create_app(container, CollectorRegistry()), raise_app_exceptions=False
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://orders") as api:
        market = Market(api, container.pool(), forge, str(uuid4()))
        for answer in (
            await market.post(market.body([(uuid4(), 1)], 100)),
            await market.get("/api/orders"),
            await market.get(f"/api/orders/{uuid4()}"),
            await market.cancel(str(uuid4())),
        ):
            problem(answer, 503, "unavailable")
            assert answer.headers["Retry-After"] == "1"
    await close(container)


async def test_connections_cut_by_the_server_are_a_503_at_most_once(
    market: Market, container: Container
) -> None:
    """As by a restart: the next requests find new connections."""
    await market.buy()
    cut = (
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    await market.pool.fetch(cut)
    answers = await asyncio.gather(*(market.get("/api/orders") for _ in range(5)))
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert (await market.get("/api/orders")).status_code == 200
    product = await market.sell(100)
    assert (await market.post(market.body([(product, 1)], 100))).status_code == 202


async def test_without_identitys_keys_it_is_unavailable(settings: Settings, forge: TokenForge) -> None:
    alone = Container(settings=settings.model_copy(update={"jwks_url": "http://127.0.0.1:1/jwks.json"}))
    await alone.pool()
    transport = httpx.ASGITransport(app=create_app(alone, CollectorRegistry()))
    async with httpx.AsyncClient(transport=transport, base_url="http://orders") as api:
        answer = await Market(api, alone.pool(), forge, str(uuid4())).get("/api/orders")
    problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"] == "1"
    await close(alone)
