from collections.abc import Callable

import pytest

from gateway.tests.kit import Gateway, Market

FRIEND = "http://localhost:3000"
PATHS = ["/api/orders", "/api/identity/sessions", "/api/catalog/products"]


def preflight(gateway: Gateway, path: str, origin: str) -> tuple[int, dict[str, str]]:
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }
    answer = gateway.client.options(path, headers=asked)
    return answer.status_code, {k: v for k, v in answer.headers.items() if k.startswith("access-control-")}


@pytest.mark.parametrize("path", PATHS)
def test_a_known_origins_preflight_is_answered_by_the_gateway(
    gateway: Gateway, market: Market, path: str
) -> None:
    status, headers = preflight(gateway, path, FRIEND)

    assert status == 200
    assert headers["access-control-allow-origin"] == FRIEND
    assert "POST" in headers["access-control-allow-methods"]
    assert "idempotency-key" in headers["access-control-allow-headers"]
    assert headers["access-control-max-age"] == "600"
    # tokens travel in a header; cookies of the back office must never
    assert "access-control-allow-credentials" not in headers
    assert market.reached == []


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:3000.evil.example", "null"])
@pytest.mark.parametrize("path", PATHS)
def test_another_origins_is_not(gateway: Gateway, path: str, origin: str) -> None:
    _, headers = preflight(gateway, path, origin)

    assert headers == {}


def test_a_script_can_read_refusals_too(gateway: Gateway) -> None:
    answer = gateway.client.get("/api/orders", headers={"origin": FRIEND})

    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert "retry-after" in answer.headers["access-control-expose-headers"]


def test_origins_are_a_setting(start: Callable[..., Gateway]) -> None:
    gateway = start(CORS_ORIGINS="https://a.example, https://b.example")

    found = [preflight(gateway, "/api/orders", o)[1].get("access-control-allow-origin") for o in (
        "https://a.example", "https://b.example", FRIEND)]  # fmt: skip

    assert found == ["https://a.example", "https://b.example", None]
