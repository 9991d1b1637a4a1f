import re
from collections.abc import Callable

import httpx
import pytest

from gateway.tests.kit import Answer, Gateway, Market, Request

TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-01")
IDENTITY_HEADERS = [
    "x-user-id",
    "x-user-roles",
    "x-user-email",
    "x-remote-user",
    "remote-user",
    "x-jwt-payload",
    "x-forwarded-host",
    "x-original-url",
    "x-rewrite-url",
    "x-http-method-override",
    "baggage",
]
PUBLIC = "/api/catalog/products"


def last(market: Market, service: str) -> Request:
    return market[service].seen[-1]


def test_what_a_client_says_about_itself_is_taken_away(gateway: Gateway, market: Market) -> None:
    gateway.client.get(PUBLIC, headers={name.title(): "operator" for name in IDENTITY_HEADERS})

    assert set(last(market, "catalog").headers) & set(IDENTITY_HEADERS) == set()


def test_a_client_can_not_set_the_gateways_retries_and_timeouts(gateway: Gateway, market: Market) -> None:
    market["orders"].answer = lambda _: Answer(503)
    asked = {"x-envoy-retry-on": "5xx", "x-envoy-max-retries": "5", "x-envoy-upstream-rq-timeout-ms": "1"}

    gateway.client.post("/api/orders", headers=market.bearer() | asked)

    (request,) = market["orders"].seen
    assert set(request.headers) & set(asked) == set()


def test_a_trace_begins_at_the_gateway(gateway: Gateway, market: Market) -> None:
    answer = gateway.client.get(PUBLIC)

    match = TRACEPARENT.fullmatch(last(market, "catalog").headers["traceparent"])
    assert match is not None
    assert match[1] == answer.headers["x-trace-id"]


def test_the_clients_trace_goes_on(gateway: Gateway, market: Market) -> None:
    trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

    answer = gateway.client.get(
        PUBLIC, headers={"traceparent": f"00-{trace}-{parent}-01", "tracestate": "a=1"}
    )

    match = TRACEPARENT.fullmatch(last(market, "catalog").headers["traceparent"])
    assert match is not None
    assert match[1] == trace == answer.headers["x-trace-id"]
    assert match[2] != parent
    assert last(market, "catalog").headers["tracestate"] == "a=1"


@pytest.mark.parametrize(
    "traceparent",
    [
        "nonsense",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-4bf92f3577b34da6a3ce929d0e0e47-3600f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
    ],
)
def test_a_broken_trace_is_replaced(gateway: Gateway, market: Market, traceparent: str) -> None:
    gateway.client.get(PUBLIC, headers={"traceparent": traceparent})

    match = TRACEPARENT.fullmatch(last(market, "catalog").headers["traceparent"])
    assert match is not None
    assert int(match[1], 16) != 0


def test_every_request_has_an_id_of_the_gateways_own(gateway: Gateway, market: Market) -> None:
    answer = gateway.client.get(PUBLIC, headers={"x-request-id": "mine"})

    assert answer.headers["x-request-id"] == last(market, "catalog").headers["x-request-id"] != "mine"


def security(answer: httpx.Response) -> dict[str, str]:
    names = ("x-content-type-options", "x-frame-options", "referrer-policy", "content-security-policy")
    return {name: answer.headers[name] for name in names}


@pytest.mark.parametrize("path", [PUBLIC, "/api/orders", "/api/nowhere"])
def test_security_headers_are_on_answers_and_refusals(gateway: Gateway, path: str) -> None:
    answer = gateway.client.get(path)

    assert security(answer) == {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    }
    assert "strict-transport-security" not in answer.headers
    assert answer.headers["server"] == "bazaar"
    assert "x-envoy-upstream-service-time" not in answer.headers


def test_a_services_own_policy_stays_and_its_server_name_does_not(gateway: Gateway, market: Market) -> None:
    own = {"content-security-policy": "sandbox", "referrer-policy": "no-referrer"}
    leaks = {"server": "toy/1.0", "x-powered-by": "toy", "x-frame-options": "ALLOWALL"}
    market["catalog"].answer = lambda _: Answer(headers=own | leaks)

    answer = gateway.client.get("/api/catalog/pictures/1")

    assert security(answer) | own == security(answer)
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["server"] == "bazaar"
    assert "x-powered-by" not in answer.headers


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/api/orders/docs", "default-src 'self'"),
        ("/admin/", "default-src 'self'"),
        ("/admin/login/", "default-src 'self'"),
        ("/api/catalog/products", "default-src 'none'"),
    ],
)
def test_pages_may_load_their_own_scripts_and_json_nothing(gateway: Gateway, path: str, policy: str) -> None:
    found = gateway.client.get(path).headers["content-security-policy"]

    assert found.startswith(policy)
    assert "frame-ancestors 'none'" in found


def test_hsts_is_sent_where_something_in_front_ends_tls(start: Callable[..., Gateway]) -> None:
    policy = "max-age=31536000; includeSubDomains"

    assert start(HSTS=policy).client.get("/api/nowhere").headers["strict-transport-security"] == policy


def test_the_access_log_tells_who_and_how_long_and_no_query(gateway: Gateway, market: Market) -> None:
    subject = "0d9cbf6d-3d4c-4f0e-9f55-5f3f4e2a0001"
    answer = gateway.client.get(
        "/api/orders?status=pending&access_token=secret", headers=market.bearer(sub=subject)
    )

    line = gateway.access(answer.headers["x-request-id"])

    assert line["trace_id"] == answer.headers["x-trace-id"]
    assert line["user"] == subject
    assert line["message"] == "GET /api/orders 200"
    assert (line["level"], line["service"], line["process"], line["logger"]) == (
        "info",
        "gateway",
        "gateway",
        "access",
    )
    assert (line["method"], line["path"], line["route"], line["status"]) == (
        "GET",
        "/api/orders",
        "orders",
        200,
    )
    assert (line["upstream"], line["attempts"], line["flags"]) == ("orders", 1, "-")
    assert line["duration_ms"] >= line["upstream_ms"] >= 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["ts"])
    assert re.fullmatch(r"[0-9a-f]{16}", line["span_id"])
    assert "secret" not in str(line)


def test_a_refusal_is_logged_with_its_reason(gateway: Gateway) -> None:
    answer = gateway.client.get("/api/orders")

    line = gateway.access(answer.headers["x-request-id"])

    assert (line["status"], line["user"], line["upstream_host"]) == (401, None, None)
    assert line["details"] == "jwt_authn_access_denied{Jwt_is_missing}"


def test_nothing_is_complained_about_while_nobody_takes_spans(start: Callable[..., Gateway]) -> None:
    gateway = start()
    answers = [gateway.client.get("/api/nowhere") for _ in range(10)]  # five spans are sent at once
    gateway.access(answers[-1].headers["x-request-id"])
    gateway.stop()

    assert [line for line in gateway.log() if line["logger"] == "tracing"] == []
