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

    def _body(self, dice: random.Random) -> dict[str, Any]:
        lines = [(product, dice.randint(1, 2)) for product in dice.sample(self.goods, dice.randint(1, 3))]
        return checkout(lines, token=dice.choice(TOKENS))

    def buy(self, dice: random.Random, *, give_up_after: float = 90) -> None:
        """One purchase: repeated with its key over errors, for a client cannot know whether it was stored."""
        key, body = f"load-{uuid.UUID(int=dice.getrandbits(128))}", self._body(dice)
        self.asked[key] = body
        deadline = time.monotonic() + give_up_after
        while time.monotonic() < deadline:
            try:
                answer = self.shopper.order(body, key)
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

    def burst(self, count: int) -> None:
        dice = random.Random(self.seed)
        for _ in range(count):
            self.buy(dice)

    def ended(self, *, within: float) -> dict[str, str]:
        """Key → status, once every accepted order has come to an end."""

        def all_ended() -> dict[str, str]:
            try:
                states = {key: self._status(order_id) for key, order_id in self.accepted.items()}
            except (httpx.HTTPError, KeyError):
                return {}
            return states if set(states.values()) <= ENDED else {}

        return eventually(all_ended, within=within, every=0.5, what=f"{len(self.accepted)} orders to end")

    def _status(self, order_id: str) -> str:
        answer = self.shopper.get(f"/api/orders/{order_id}")
        if answer.status_code == 404:
            raise AssertionError(f"an accepted order is lost: {order_id}")
        return answer.json()["status"]


@contextmanager
def buying(load: Load, *, shoppers: int = 3, each: int = 8) -> Iterator[None]:
    """Purchases in the background while the block runs; on leaving, waits until they are all made."""

    def one(number: int) -> None:
        dice = random.Random(load.seed * 1000 + number)
        for _ in range(each):
            load.buy(dice)

    threads = [threading.Thread(target=one, args=(number,), daemon=True) for number in range(shoppers)]
    for thread in threads:
        thread.start()
    try:
        eventually(lambda: load.accepted, within=60, what="the first purchase")
        yield
    finally:
        for thread in threads:
            thread.join(timeout=150)
    assert not any(thread.is_alive() for thread in threads), "a purchase is still waiting for its answer"
