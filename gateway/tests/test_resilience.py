"""What the gateway does when a service misbehaves; and what it must not do."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bazaar_shared.testing import eventually
from gateway.tests.kit import Answer, Gateway, Market, Request, Upstream, running
from gateway.tests.test_refusals import assert_problem


def failing_first(times: int) -> Callable[[Request], Answer]:
    left = iter([503] * times)
    return lambda _: Answer(next(left, 200))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_read_is_repeated(gateway: Gateway, market: Market, method: str) -> None:
    market["orders"].answer = failing_first(2)

    answer = gateway.client.request(method, "/api/orders", headers=market.bearer())

    assert answer.status_code == 200
    assert len(market["orders"].seen) == 3


def test_a_read_is_not_repeated_for_ever(gateway: Gateway, market: Market) -> None:
    market["catalog"].answer = failing_first(10)

    assert gateway.client.get("/api/catalog/products").status_code == 503
    assert len(market["catalog"].seen) == 3


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/orders"),
        ("POST", "/api/orders/1/cancel"),
        ("PUT", "/api/identity/accounts/1/roles"),
        ("PATCH", "/api/catalog/products/1"),
        ("DELETE", "/api/identity/sessions/current"),
        ("POST", "/api/identity/sessions"),
        ("POST", "/admin/login/"),
    ],
)
def test_a_write_is_never_repeated(gateway: Gateway, market: Market, method: str, path: str) -> None:
    for service in market.services.values():
        service.answer = failing_first(10)

    answer = gateway.client.request(method, path, headers=market.bearer("operator", "seller"))

    assert answer.status_code == 503
    assert len(market.reached) == 1


def test_a_write_whose_connection_breaks_is_not_repeated(gateway: Gateway, market: Market) -> None:
    def hang_up(_: Request) -> Answer:
        raise ConnectionAbortedError

    market["orders"].answer = hang_up

    assert_problem(gateway.client.post("/api/orders", headers=market.bearer()), 503, "unavailable")
    assert len(market["orders"].seen) == 1


def test_a_slow_write_is_not_cut_by_the_limit_for_one_try(
    start: Callable[..., Gateway], market: Market
) -> None:
    gateway = start(TRY_TIMEOUT="0.2s", WRITE_TIMEOUT="10s")
    eventually(gateway.has_keys)
    slow = threading.Event()

    def answer(_: Request) -> Answer:
        slow.wait(1)
        return Answer(202)

    market["orders"].answer = answer

    assert gateway.client.post("/api/orders", headers=market.bearer()).status_code == 202
    assert len(market["orders"].seen) == 1


def test_the_breaker_refuses_at_once_what_a_busy_service_could_not_take(
    start: Callable[..., Gateway], market: Market
) -> None:
    gateway = start(MAX_UPSTREAM_CONNECTIONS="2", MAX_UPSTREAM_PENDING="1", MAX_UPSTREAM_REQUESTS="2")
    eventually(gateway.has_keys)
    gate, headers = threading.Event(), market.bearer()

    def answer(_: Request) -> Answer:
        gate.wait(15)
        return Answer()

    market["orders"].answer = answer
    with ThreadPoolExecutor(10) as pool:
        asked = [pool.submit(gateway.client.post, "/api/orders", headers=headers) for _ in range(8)]
        # everything but what the service works on, and one that waits, is refused while it still works
        eventually(lambda: sum(one.done() for one in asked) >= 5)
        refused = [one.result() for one in asked if one.done()]
        # the others are not concerned
        assert gateway.client.get("/api/catalog/products").status_code == 200
        gate.set()
        statuses = sorted(one.result().status_code for one in asked)

    assert_problem(refused[0], 503, "unavailable")
    assert refused[0].headers["retry-after"] == "1"
    assert statuses.count(200) == 8 - len(refused)
    assert len(market["orders"].seen) == 8 - len(refused) <= 3


def test_a_replica_that_fails_is_left_out(start: Callable[..., Gateway], market: Market) -> None:
    broken = Upstream()
    broken.answer = lambda _: Answer(503)
    gateway = start(CATALOG_ADDRESS=f"{market['catalog'].address},{broken.address}")

    def left_out() -> bool:
        assert gateway.client.get("/api/catalog/products").status_code == 200  # tried again at the good one
        before = len(broken.seen)
        assert all(gateway.client.get("/api/catalog/products").status_code == 200 for _ in range(10))
        return len(broken.seen) == before

    eventually(left_out, within=15)
    assert len(broken.seen) >= 3
    broken.close()


def test_a_500_is_nobodys_fault_but_the_requests(start: Callable[..., Gateway], market: Market) -> None:
    """A bug that every replica has must not take a whole service out of the market."""
    other = Upstream()
    other.answer = market["catalog"].answer = lambda _: Answer(500)
    gateway = start(CATALOG_ADDRESS=f"{market['catalog'].address},{other.address}")

    assert [gateway.client.get("/api/catalog/products").status_code for _ in range(20)] == [500] * 20
    assert len(other.seen) + len(market["catalog"].seen) == 20
    assert min(len(other.seen), len(market["catalog"].seen)) > 0
    other.close()


def test_a_new_signing_key_is_taken_up(tmp_path: Path) -> None:
    market = Market()  # one of its own: the others' gateway knows the common one's key
    with running(tmp_path, market, JWKS_CACHE="1s") as gateway:
        eventually(gateway.has_keys)
        old = market.bearer()
        assert gateway.client.get("/api/orders", headers=old).status_code == 200

        market.forge.rotate()

        eventually(lambda: gateway.client.get("/api/orders", headers=market.bearer()).status_code == 200)
        # and the withdrawn one is forgotten, although its token was seen before
        eventually(lambda: gateway.client.get("/api/orders", headers=old).status_code == 401)
    market.close()


def test_known_keys_outlive_identity(start: Callable[..., Gateway], market: Market) -> None:
    gateway = start(JWKS_CACHE="1s")
    eventually(gateway.has_keys)

    market["identity"].answer = lambda _: Answer(503)
    fetches = len(market["identity"].seen)
    eventually(lambda: len(market["identity"].seen) >= fetches + 3, within=20)

    assert gateway.client.get("/api/orders", headers=market.bearer()).status_code == 200
