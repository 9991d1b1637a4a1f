import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from bazaar_shared.testing import eventually
from gateway.tests.kit import Answer, Gateway, Market, Request


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_requests_in_flight_are_answered_before_the_gateway_goes(
    start: Callable[..., Gateway], market: Market, sent: signal.Signals
) -> None:
    gateway = start()
    eventually(gateway.has_keys)
    gate = threading.Event()

    def slow(_: Request) -> Answer:
        gate.wait(15)
        return Answer(202)

    market["orders"].answer = slow
    headers = market.bearer()
    with ThreadPoolExecutor(5) as pool:
        orders = [pool.submit(gateway.client.post, "/api/orders", headers=headers) for _ in range(5)]
        eventually(lambda: len(market["orders"].seen) == 5)

        gateway.process.send_signal(sent)
        eventually(lambda: httpx.get(f"{gateway.management}/ready").status_code == 503)

        assert gateway.process.poll() is None
        # who comes now is served, and told not to stay
        late = gateway.client.get("/api/catalog/products")
        assert (late.status_code, late.headers["connection"]) == (200, "close")
        gate.set()
        answers = [order.result() for order in orders]

    assert [answer.status_code for answer in answers] == [202] * 5
    assert [answer.headers["connection"] for answer in answers] == ["close"] * 5
    assert gateway.process.wait(15) == 0
    assert len(market["orders"].seen) == 5


def test_under_load_no_request_is_lost(start: Callable[..., Gateway], market: Market) -> None:
    """Shoppers go on until they are told that nobody listens; until then each of them is answered."""
    gateway = start()
    statuses: list[int] = []

    def shop() -> None:
        with httpx.Client(base_url=gateway.url, timeout=10) as client:
            while True:
                try:
                    statuses.append(client.get("/api/catalog/products").status_code)
                except httpx.TransportError:
                    return  # nobody listens; whether a request was cut, the count below shows

    shoppers = [threading.Thread(target=shop) for _ in range(4)]
    for shopper in shoppers:
        shopper.start()
    eventually(lambda: len(statuses) >= 50)
    gateway.process.terminate()
    assert gateway.process.wait(20) == 0
    for shopper in shoppers:
        shopper.join(10)

    assert set(statuses) == {200}
    assert len(market.reached) == len(statuses)


def test_a_drain_ends_at_its_limit(start: Callable[..., Gateway], market: Market) -> None:
    gateway = start(DRAIN_SECONDS="2")
    gate = threading.Event()

    def never(_: Request) -> Answer:
        gate.wait(20)
        return Answer()

    market["catalog"].answer = never
    with ThreadPoolExecutor(1) as pool:
        stuck = pool.submit(gateway.client.post, "/admin/login/")
        eventually(lambda: len(market["catalog"].seen) == 1)
        gateway.process.terminate()

        assert gateway.process.wait(8) == 0
        with pytest.raises(httpx.TransportError):
            stuck.result()
        gate.set()
