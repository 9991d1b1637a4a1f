"""No token or a forged one: 401 at the gateway, and at each service called directly.

Expired tokens and those for another audience need a key of the test's own: see gateway/tests and the
services' component tests.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.kit.market import CATALOG, GATEWAY, IDENTITY, ORDERS, Shopper

PROTECTED = {
    "orders at the gateway": f"{GATEWAY}/api/orders",
    "orders directly": f"{ORDERS}/api/orders",
    "identity at the gateway": f"{GATEWAY}/api/identity/accounts/me",
    "identity directly": f"{IDENTITY}/api/identity/accounts/me",
    "catalog at the gateway": f"{GATEWAY}/api/catalog/products",
    "catalog directly": f"{CATALOG}/api/catalog/products",
}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def published_key() -> dict[str, Any]:
    return httpx.get(f"{IDENTITY}/.well-known/jwks.json", timeout=10).json()["keys"][0]


def claims(shopper: Shopper, **changed: Any) -> dict[str, Any]:
    good = jwt.decode(shopper.token, options={"verify_signature": False})
    return good | changed


def unsigned(shopper: Shopper) -> str:
    header = {"alg": "none", "typ": "JWT", "kid": published_key()["kid"]}
    return f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims(shopper)).encode())}."


def hs256_with_the_public_key(shopper: Shopper) -> str:
    """The classic confusion: the verifier takes the published key for the secret of an HMAC."""
    key = published_key()
    raw = base64.urlsafe_b64decode(key["x"] + "==")
    header = {"alg": "HS256", "typ": "JWT", "kid": key["kid"]}
    text = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims(shopper)).encode())}"
    return f"{text}.{b64(hmac.new(raw, text.encode(), hashlib.sha256).digest())}"


def signed_by_a_stranger(shopper: Shopper, kid: str) -> str:
    key = Ed25519PrivateKey.generate()
    assert key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return jwt.encode(claims(shopper), key, algorithm="EdDSA", headers={"kid": kid})


def tampered(shopper: Shopper) -> str:
    header, _, signature = shopper.token.split(".")
    body = claims(shopper, roles=["operator"], sub=str(uuid.uuid4()))
    return f"{header}.{b64(json.dumps(body).encode())}.{signature}"


FORGERIES = {
    "alg none": unsigned,
    "HS256 with the public key": hs256_with_the_public_key,
    "an unknown kid": lambda shopper: signed_by_a_stranger(shopper, "nobody-knows"),
    "a known kid, another key": lambda shopper: signed_by_a_stranger(shopper, published_key()["kid"]),
    "changed claims": tampered,
    "not a token": lambda _: "a.b.c",
}


def assert_unauthenticated(answer: httpx.Response) -> None:
    assert answer.status_code == 401, f"{answer.status_code} {answer.text[:400]}"
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.headers
    assert answer.json()["type"].rsplit("/", 1)[-1] == "unauthenticated"
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("place", [name for name in PROTECTED if not name.startswith("catalog")])
def test_no_token_is_refused(place: str, market: dict[str, Any]) -> None:
    assert_unauthenticated(httpx.get(PROTECTED[place], timeout=10))


@pytest.mark.parametrize("place", PROTECTED)
@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_token_is_refused(place: str, forgery: str, shopper: Shopper) -> None:
    token = FORGERIES[forgery](shopper)
    assert_unauthenticated(
        httpx.get(PROTECTED[place], headers={"Authorization": f"Bearer {token}"}, timeout=10)
    )


@pytest.mark.parametrize("place", [name for name in PROTECTED if not name.startswith("catalog")])
def test_identity_headers_of_a_client_count_for_nothing(place: str, operator: Shopper) -> None:
    headers = {"X-User-Id": operator.email, "X-User-Roles": "operator", "X-Forwarded-User": operator.email}
    assert_unauthenticated(httpx.get(PROTECTED[place], headers=headers, timeout=10))


@pytest.mark.parametrize("base", [GATEWAY, IDENTITY])
def test_a_shopper_is_no_operator(base: str, shopper: Shopper) -> None:
    headers = {"Authorization": f"Bearer {shopper.token}"}
    answer = httpx.get(f"{base}/api/identity/accounts", headers=headers, timeout=10)
    assert answer.status_code == 403
    assert answer.json()["type"].rsplit("/", 1)[-1] == "forbidden"


@pytest.mark.parametrize("base", [GATEWAY, CATALOG])
def test_a_shopper_cannot_write_the_catalogue(
    base: str, shopper: Shopper, goods: list[dict[str, Any]]
) -> None:
    headers = {"Authorization": f"Bearer {shopper.token}", "If-Match": "1"}
    answer = httpx.patch(
        f"{base}/api/catalog/products/{goods[0]['id']}", json={"price_minor": 1}, headers=headers, timeout=10
    )
    assert answer.status_code == 403, answer.text
    now = httpx.get(f"{base}/api/catalog/products/{goods[0]['id']}", timeout=10).json()
    assert now["price_minor"] == goods[0]["price_minor"]
