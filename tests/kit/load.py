"""Shoppers who keep buying while things break: the same key again until an answer comes."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.kit.market import ENDED, Shopper, checkout, eventually

PAUSE = threading.Event()  # never set: a wait that nothing cuts short
TOKENS = ("tok_approve",) * 6 + ("tok_decline", "tok_fail_once", "tok_capture_decline", "tok_late")


@dataclass
class Load:
    """What was asked for and what was accepted; `accepted` maps the idempotency key to the order's id."""

    shopper: Shopper
    goods: list[dict[str, Any]]
    seed: int
    asked: dict[str, dict[str, Any]] = field(default_factory=dict)
    accepted: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    # whose order it is, where it is not the shopper's
    owner: dict[str, Shopper] = field(default_factory=dict)

    def _body(self, dice: random.Random) -> dict[str, Any]:
        lines = [(product, dice.randint(1, 2)) for product in dice.sample(self.goods, dice.randint(1, 3))]
        return checkout(lines, token=dice.choice(TOKENS))

    def buy(self, dice: random.Random, *, give_up_after: float = 90) -> None:
        """One purchase: repeated with its key over errors, for a client cannot know whether it was stored."""
        key = f"load-{uuid.UUID(int=dice.getrandbits(128))}"
        self._ask(self.shopper, key, self._body(dice), give_up_after)

    def _ask(self, shopper: Shopper, key: str, body: dict[str, Any], give_up_after: float) -> None:
        self.asked[key] = body
        deadline = time.monotonic() + give_up_after
        while time.monotonic() < deadline:
            try:
                answer = shopper.order(body, key)
            except httpx.HTTPError:
                PAUSE.wait(0.3)
                continue
            if answer.status_code == 202:
                self.accepted[key] = answer.json()["id"]
                return
            if answer.status_code not in (429, 500, 502, 503, 504):
                self.wrong.append(f"{answer.status_code} {answer.text[:300]}")
                return
            PAUSE.wait(0.3)
        self.wrong.append(f"{key}: no answer in {give_up_after} s")

    def buy_a_basket(self, shopper: Shopper, dice: random.Random, *, within: float = 120) -> None:
        """One purchase of a basket, until the basket is closed by it or the order is cancelled."""
        key = f"load-{uuid.UUID(int=dice.getrandbits(128))}"
        self.owner[key] = shopper
        basket = Filling(shopper).fill(dice.sample(self.goods, 2), within=within)
        body = checkout([], expected_total_minor=basket["total_minor"])
        del body["lines"]
        self._ask(shopper, key, body | {"basket": {name: basket[name] for name in ("id", "version")}}, within)
        if key in self.accepted:
            what = f"basket {basket['id']} to be bought, or free again"
            eventually(lambda: self._is_over(key, basket["id"]), within=within, every=0.3, what=what)

    def _is_over(self, key: str, basket_id: str) -> bool:
        shopper = self.owner[key]
        try:
            basket = shopper.get(f"/api/basket/baskets/{basket_id}").json()
            closed = basket["status"] == "checked_out" and basket["order_id"] == self.accepted[key]
            return closed or self._status(key) == "cancelled"
        except (httpx.HTTPError, KeyError, ValueError):
            return False

    def burst(self, count: int) -> None:
        dice = random.Random(self.seed)
        for _ in range(count):
            self.buy(dice)

    def ended(self, *, within: float) -> dict[str, str]:
        """Key → status, once every accepted order has come to an end."""

        def all_ended() -> dict[str, str]:
            try:
                states = {key: self._status(key) for key in self.accepted}
            except (httpx.HTTPError, KeyError):
                return {}
            return states if set(states.values()) <= ENDED else {}

        return eventually(all_ended, within=within, every=0.5, what=f"{len(self.accepted)} orders to end")

    def _status(self, key: str) -> str:
        order_id = self.accepted[key]
        answer = self.owner.get(key, self.shopper).get(f"/api/orders/{order_id}")
        if answer.status_code == 404:
            raise AssertionError(f"an accepted order is lost: {order_id}")
        return answer.json()["status"]


@dataclass(frozen=True)
class Filling:
    """A member's basket, filled whatever is away for a moment: what was read is read again."""

    shopper: Shopper

    def fill(self, goods: list[dict[str, Any]], *, within: float) -> dict[str, Any]:
        filled = eventually(lambda: self._filled(goods), within=within, every=0.3, what="a filled basket")
        assert filled is not None
        return filled

    def _filled(self, goods: list[dict[str, Any]]) -> dict[str, Any] | None:
        try:
            basket = self.shopper.get("/api/basket/baskets/mine").json()
            basket = self._changed(basket, "DELETE")
            for product in goods:
                basket = self._changed(basket, "POST", json={"product_id": product["id"], "quantity": 1})
        except (httpx.HTTPError, KeyError, ValueError):
            return None
        return basket

    def _changed(self, basket: dict[str, Any], method: str, **body: Any) -> dict[str, Any]:
        tag = {"If-Match": f'"{basket["version"]}"'}
        path = f"/api/basket/baskets/{basket['id']}/lines"
        answer = self.shopper.request(method, path, headers=tag, **body)
        answer.raise_for_status()
        changed: dict[str, Any] = answer.json()
        return changed


@contextmanager
def buying(load: Load, *, shoppers: int = 3, each: int = 8, baskets: int = 3) -> Iterator[None]:
    """Purchases in the background while the block runs, one shopper's of baskets; on leaving, waits until
    they are all made.
    """

    def one(number: int) -> None:
        dice = random.Random(load.seed * 1000 + number)
        for _ in range(each):
            load.buy(dice)

    def one_of_baskets(shopper: Shopper) -> None:
        dice = random.Random(load.seed * 1000 + shoppers)
        try:
            for _ in range(baskets):
                load.buy_a_basket(shopper, dice)
        except AssertionError as error:  # else only this thread would know
            load.wrong.append(str(error))

    threads = [threading.Thread(target=one, args=(number,), daemon=True) for number in range(shoppers)]
    threads.append(threading.Thread(target=one_of_baskets, args=(Shopper.new(),), daemon=True))
    for thread in threads:
        thread.start()
    try:
        eventually(lambda: load.accepted, within=60, what="the first purchase")
        yield
    finally:
        for thread in threads:
            thread.join(timeout=150)
    assert not any(thread.is_alive() for thread in threads), "a purchase is still waiting for its answer"
