"""Each refusal of Envoy's own is a problem of the catalogue, and keeps the headers of its status."""

import json
import socket
from collections.abc import Callable

import httpx
import pytest

from bazaar_shared.problems import CONTENT_TYPE, TYPE_PREFIX
from bazaar_shared.testing import eventually
from gateway.tests.kit import Answer, Gateway, Market, Upstream, free_port

ANY_ORDER = "/api/orders/5b5f2f1e-0000-4000-8000-000000000000"


def assert_problem(answer: httpx.Response, status: int, slug: str) -> dict:
    assert answer.status_code == status
    assert answer.headers["content-type"] == CONTENT_TYPE
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "trace_id"}
    assert (problem["type"], problem["status"]) == (TYPE_PREFIX + slug, status)
    assert answer.headers["x-content-type-options"] == "nosniff"
    if "x-trace-id" in answer.headers:  # a request that was refused while it was read has no trace
        assert problem["trace_id"] == answer.headers["x-trace-id"]
        assert len(problem["trace_id"]) == 32
    else:
        assert problem["trace_id"] is None
    return problem


def exchange(gateway: Gateway, data: bytes) -> httpx.Response:
    """What answers these very bytes, until the gateway closes."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=15) as connection:
        connection.sendall(data)
        received = b""
        while part := connection.recv(65536):
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    pairs = [tuple(line.split(": ", 1)) for line in headers]
    return httpx.Response(int(status.split()[1]), headers=pairs, content=body)


@pytest.mark.parametrize(
    ("token", "challenge"),
    [
        (None, 'Bearer realm="bazaar"'),
        ("expired", 'Bearer realm="bazaar", error="invalid_token", error_description="expired"'),
        ("foreign_key", 'Bearer realm="bazaar", error="invalid_token"'),
        ("other_audience", 'Bearer realm="bazaar", error="invalid_token"'),
        ("unknown_kid", 'Bearer realm="bazaar", error="invalid_token"'),
    ],
)
def test_401_says_how_to_come_in(gateway: Gateway, market: Market, token: str | None, challenge: str) -> None:
    headers = {"authorization": f"Bearer {market.forge.bad_tokens()[token]}"} if token else {}

    answer = gateway.client.get(ANY_ORDER, headers=headers)

    assert_problem(answer, 401, "unauthenticated")
    assert answer.headers.get_list("www-authenticate") == [challenge]


def test_a_token_in_another_scheme_is_none(gateway: Gateway, market: Market) -> None:
    token = market.forge.token()

    for value in (token, f"Basic {token}", f"Token {token}"):
        assert_problem(
            gateway.client.get(ANY_ORDER, headers={"authorization": value}), 401, "unauthenticated"
        )
    assert_problem(gateway.client.get(ANY_ORDER, params={"access_token": token}), 401, "unauthenticated")
    assert market.reached == []


def test_403(gateway: Gateway, market: Market) -> None:
    assert_problem(
        gateway.client.post("/api/catalog/products", headers=market.bearer("shopper")), 403, "forbidden"
    )


def test_404(gateway: Gateway) -> None:
    assert_problem(gateway.client.get("/api/nowhere"), 404, "not-found")


def test_the_services_own_problem_is_not_touched(gateway: Gateway, market: Market) -> None:
    body = b'{"type": "https://bazaar.example/problems/not-found", "status": 404, "order": "another\'s"}'
    headers = {"content-type": CONTENT_TYPE, "www-authenticate": "Bearer", "retry-after": "7"}

    for status in (401, 403, 404, 429, 503):
        market["orders"].answer = lambda _, status=status: Answer(status, body, headers)
        answer = gateway.client.post("/api/orders", headers=market.bearer())
        assert (answer.status_code, answer.content, answer.headers["retry-after"]) == (status, body, "7")


@pytest.mark.parametrize("announced", [True, False])
def test_413(gateway: Gateway, market: Market, announced: bool) -> None:
    size = 1024 * 1024
    fits, too_large = b"x" * size, b"x" * (size + 1)

    def post(body: bytes) -> httpx.Response:
        content = body if announced else iter([body[: size // 2], body[size // 2 :]])
        return gateway.client.post("/api/orders", headers=market.bearer(), content=content)

    assert_problem(post(too_large), 413, "body-too-large")
    assert market.reached == []
    assert post(fits).status_code == 200
    assert market["orders"].seen[-1].size == size


@pytest.mark.parametrize("path", ["/api/catalog/products/1/picture", "/admin/catalog/product/add/"])
def test_a_picture_may_have_2_mib(gateway: Gateway, market: Market, path: str) -> None:
    def put(size: int) -> httpx.Response:
        return gateway.client.put(path, headers=market.bearer("seller"), content=b"x" * size)

    assert put(2 * 1024 * 1024).status_code == 200
    assert_problem(put(2 * 1024 * 1024 + 65537), 413, "body-too-large")


def test_431_for_headers_that_are_too_many_or_too_large(gateway: Gateway, market: Market) -> None:
    large = gateway.client.get(ANY_ORDER, headers=market.bearer() | {"x-large": "x" * 40_000})
    many = gateway.client.get(ANY_ORDER, headers=market.bearer() | {f"x-{n}": "x" for n in range(100)})

    assert_problem(large, 431, "headers-too-large")
    assert_problem(many, 431, "headers-too-large")
    assert market.reached == []


@pytest.mark.parametrize("header", ["X_User_Id", "x_user_id", "authorization_"])
def test_a_header_with_an_underscore_is_refused(gateway: Gateway, market: Market, header: str) -> None:
    assert_problem(
        gateway.client.get(ANY_ORDER, headers=market.bearer() | {header: "1"}), 400, "malformed-request"
    )
    assert market.reached == []


@pytest.mark.parametrize(
    "data",
    [
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/orders HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"GET /api/orders HTTP/1.1\r\nhost: a\r\nbad header: x\r\n\r\n",
        b"GET /api/orders HTTP/1.1\r\n\r\n",
    ],
    ids=["smuggled", "two lengths", "space in a name", "no host"],
)
def test_what_is_not_http_is_refused(gateway: Gateway, market: Market, data: bytes) -> None:
    assert_problem(exchange(gateway, data), 400, "malformed-request")
    assert market.reached == []


def test_408_for_slow_clients(start: Callable[..., Gateway], market: Market) -> None:
    gateway = start(REQUEST_HEADERS_TIMEOUT="0.5s", REQUEST_TIMEOUT="1s")
    token = market.forge.token()
    eventually(gateway.has_keys)
    half_a_head = f"POST /api/orders HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n".encode()

    assert_problem(exchange(gateway, half_a_head), 408, "request-timeout")
    assert_problem(exchange(gateway, half_a_head + b"content-length: 10\r\n\r\nabc"), 408, "request-timeout")
    assert market.reached == []


def test_504_when_a_service_does_not_answer(start: Callable[..., Gateway], market: Market) -> None:
    gateway = start(WRITE_TIMEOUT="0.5s")
    eventually(gateway.has_keys)
    held = hold(market["orders"])

    answer = gateway.client.post("/api/orders", headers=market.bearer())
    held()

    assert_problem(answer, 504, "gateway-timeout")
    assert len(market.reached) == 1


def hold(upstream: Upstream) -> Callable[[], None]:
    """The upstream takes requests and answers none until the returned function is called."""
    import threading

    gate = threading.Event()

    def answer(_: object) -> Answer:
        gate.wait(20)
        return Answer()

    upstream.answer = answer
    return gate.set


def test_503_when_a_service_is_away(start: Callable[..., Gateway], market: Market) -> None:
    gateway = start(ORDERS_ADDRESS=f"127.0.0.1:{free_port()}")
    eventually(gateway.has_keys)

    answer = gateway.client.post("/api/orders", headers=market.bearer())

    assert_problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "1"


def test_a_person_is_told_in_words_that_the_pages_are_away(start: Callable[..., Gateway]) -> None:
    gateway = start(STOREFRONT_ADDRESS=f"127.0.0.1:{free_port()}")

    page = gateway.client.get("/products/1", headers={"accept": "text/html"})
    program = gateway.client.get("/products/1")

    assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert "<h1>The market's pages are away for a moment</h1>" in page.text
    assert page.headers["retry-after"] == "2"
    assert_problem(program, 503, "unavailable")


def test_503_when_identity_never_gave_its_keys(start: Callable[..., Gateway], market: Market) -> None:
    """An outage of ours: a shopper with a good token must not be told to sign in again."""
    gateway = start(IDENTITY_ADDRESS=f"127.0.0.1:{free_port()}")

    answer = gateway.client.get(ANY_ORDER, headers=market.bearer())

    assert_problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["www-authenticate"] == 'Bearer realm="bazaar"'  # and no error="invalid_token"
    # what needs no token goes on
    assert gateway.client.get("/api/catalog/products").status_code == 200
    assert market.reached == [("catalog", "GET", "/api/catalog/products")]


def test_502_when_the_answer_is_no_http(start: Callable[..., Gateway], market: Market) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        gateway = start(ORDERS_ADDRESS=f"127.0.0.1:{server.getsockname()[1]}")
        eventually(gateway.has_keys)
        server.settimeout(15)

        def answer_nonsense() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"no http at all\r\n\r\n")

        import threading

        threading.Thread(target=answer_nonsense, daemon=True).start()
        answer = gateway.client.post("/api/orders", headers=market.bearer())

    assert_problem(answer, 502, "bad-gateway")


def test_every_problem_is_json_with_the_same_members(gateway: Gateway) -> None:
    body = gateway.client.get("/api/nowhere").content

    assert list(json.loads(body)) == ["detail", "status", "title", "trace_id", "type"]
