"""The processor by HTTP: what a payment processor owes its callers, and the problems it answers with."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from support.processes import Process


class Client:
    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, raw: bytes | None = None
    ) -> tuple[int, dict[str, Any], str]:
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=raw if raw is not None else None if body is None else json.dumps(body).encode(),
            headers={"Idempotency-Key": key} if key else {},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, json.loads(response.read()), response.headers["Content-Type"]
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read()), error.headers["Content-Type"]


@pytest.fixture
def http(env: dict[str, str], services: dict[str, Process]) -> Client:
    return Client(env["PROCESSOR_URL"])


def money(order_id: str, token: str | None = None, amount: int = 300) -> dict[str, Any]:
    body: dict[str, Any] = {"order_id": order_id, "amount_minor": amount, "currency": "EUR"}
    return body if token is None else {**body, "payment_token": token}


def charge(http: Client, order_id: str) -> dict[str, Any] | None:
    after = order_id[:-1]
    items = http("GET", f"/charges?after={after}")[1]["items"]
    return next((item for item in items if item["order_id"] == order_id), None)


def test_a_key_answers_the_same_for_ever(http: Client, order_id: str) -> None:
    key = f"{order_id}:authorize_payment"
    first = http("POST", "/authorizations", money(order_id, "tok_approve"), key=key)
    assert first[0] == 201
    assert http("POST", "/authorizations", money(order_id, "tok_approve"), key=key) == first
    captured = http("POST", f"/authorizations/{key}/capture", money(order_id), key=f"{order_id}:capture")
    assert captured[:2] == (200, {"status": "captured", "authorization_id": first[1]["authorization_id"]})
    assert (
        http("POST", f"/authorizations/{key}/capture", money(order_id), key=f"{order_id}:capture") == captured
    )
    assert charge(http, order_id) == {
        "order_id": order_id,
        "captured_minor": 300,
        "captures": 1,
        "refunded_minor": 0,
        "voided": False,
        "currency": "EUR",
    }


def test_a_witness_does_not_cover_up(http: Client, order_id: str) -> None:
    """Told to capture under a second key, it captures twice: our books must not rely on its refusing."""
    key = f"{order_id}:authorize_payment"
    http("POST", "/authorizations", money(order_id, "tok_approve"), key=key)
    for turn in ("one", "two"):
        http("POST", f"/authorizations/{key}/capture", money(order_id), key=f"{order_id}:{turn}")
    found = charge(http, order_id)
    assert found is not None
    assert (found["captures"], found["captured_minor"]) == (2, 600)


def test_a_void_before_the_authorisation_refuses_it(http: Client, order_id: str) -> None:
    key = f"{order_id}:authorize_payment"
    assert http("POST", f"/authorizations/{key}/void", money(order_id), key=f"{order_id}:void")[0] == 200
    late = http("POST", "/authorizations", money(order_id, "tok_approve"), key=key)
    assert late[:2] == (402, {"status": "voided", "reason": "voided"})
    assert (
        http("POST", f"/authorizations/{key}/capture", money(order_id), key=f"{order_id}:capture")[0] == 402
    )
    found = charge(http, order_id)
    assert found is not None
    assert (found["voided"], found["captures"]) == (True, 0)


def test_no_refund_beyond_what_was_captured(http: Client, order_id: str) -> None:
    key = f"{order_id}:authorize_payment"
    http("POST", "/authorizations", money(order_id, "tok_approve"), key=key)
    assert http("POST", f"/authorizations/{key}/refund", money(order_id), key=f"{order_id}:refund")[0] == 409
    http("POST", f"/authorizations/{key}/capture", money(order_id), key=f"{order_id}:capture")
    assert http("POST", f"/authorizations/{key}/refund", money(order_id), key=f"{order_id}:refund")[0] == 200
    assert http("POST", f"/authorizations/{key}/refund", money(order_id), key=f"{order_id}:refund2")[0] == 409


@pytest.mark.parametrize(
    ("method", "path", "arguments", "status", "slug"),
    [
        ("GET", "/nowhere", {}, 404, "not-found"),
        ("GET", "/authorizations/unknown", {}, 404, "not-found"),
        ("DELETE", "/charges", {}, 405, "method-not-allowed"),
        ("POST", "/authorizations", {"body": {}}, 400, "idempotency-key-missing"),
        ("POST", "/authorizations", {"raw": b"{", "key": "k1"}, 400, "malformed-body"),
        ("POST", "/authorizations", {"body": [], "key": "k2"}, 400, "malformed-body"),
        ("POST", "/authorizations", {"body": {"order_id": 1}, "key": "k3"}, 422, "validation-failed"),
        ("POST", "/authorizations", {"raw": b" " * 70_000, "key": "k4"}, 413, "body-too-large"),
    ],
)
def test_a_bad_request_gets_a_problem(
    http: Client, method: str, path: str, arguments: dict[str, Any], status: int, slug: str
) -> None:
    got, body, content_type = http(method, path, **arguments)
    assert (got, content_type) == (status, "application/problem+json")
    assert body["type"] == f"https://bazaar.example/problems/{slug}"
    assert "trace_id" in body


def test_a_key_with_another_body_is_refused(http: Client, order_id: str) -> None:
    key = f"{order_id}:authorize_payment"
    http("POST", "/authorizations", money(order_id, "tok_approve"), key=key)
    status, body, _ = http("POST", "/authorizations", money(order_id, "tok_approve", amount=1), key=key)
    assert (status, body["type"]) == (422, "https://bazaar.example/problems/idempotency-key-reused")
