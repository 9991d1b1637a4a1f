"""What the tests of the whole system share: shoppers and a look at the running market."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.kit.market import GATEWAY, Shopper, demo_market, in_stock


@pytest.fixture(scope="session")
def market() -> dict[str, Any]:
    """The demo market's own file; fails with one clear line where no market runs."""
    try:
        httpx.get(f"{GATEWAY}/.well-known/jwks.json", timeout=5).raise_for_status()
    except httpx.HTTPError as error:
        pytest.exit(
            f"no market answers at {GATEWAY} ({error}): start one with `make up`, or run `make test`", 2
        )
    return demo_market()


@pytest.fixture(scope="module")
def shopper(market: dict[str, Any]) -> Shopper:
    return Shopper.new()


@pytest.fixture(scope="module")
def stranger(market: dict[str, Any]) -> Shopper:
    return Shopper.new()


@pytest.fixture(scope="session")
def operator(market: dict[str, Any]) -> Shopper:
    account = next(a for a in market["accounts"] if "operator" in a["roles"])
    return Shopper(account["email"], account["password"]).sign_in()


@pytest.fixture(scope="session")
def goods(market: dict[str, Any]) -> list[dict[str, Any]]:
    return in_stock()
