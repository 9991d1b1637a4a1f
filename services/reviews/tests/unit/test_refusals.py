"""Refusals that need no database: always a problem with the trace, never Flask-RESTful's own."""

from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from werkzeug.test import TestResponse

from bazaar_shared.pagination import encode

API = "/api/reviews"


def slug_of(answer: TestResponse) -> str:
    assert answer.content_type == "application/problem+json"
    document = answer.get_json(force=True)
    assert document["status"] == answer.status_code
    assert document["trace_id"] == answer.headers["X-Trace-Id"]
    return str(document["type"]).removeprefix("https://bazaar.example/problems/")


@pytest.mark.parametrize(
    "path", ["/", "/api", f"{API}/not-a-uuid", f"{API}/products/1", "//api/reviews/mine", "/static/x"]
)
def test_an_unknown_path(client: FlaskClient, path: str):
    answer = client.get(path)

    assert (answer.status_code, slug_of(answer)) == (404, "not-found")


def test_a_method_that_is_not_there_names_those_that_are(client: FlaskClient):
    answer = client.patch(f"{API}/products/{uuid4()}")

    assert (answer.status_code, slug_of(answer)) == (405, "method-not-allowed")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{API}/products/{uuid4()}"),
        ("PUT", f"{API}/{uuid4()}"),
        ("DELETE", f"{API}/{uuid4()}"),
        ("GET", f"{API}/mine"),
        ("GET", f"{API}/mine/products/{uuid4()}"),
    ],
)
@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic YTpi", "Bearer abc.def"])
def test_who_does_not_say_who_it_is(client: FlaskClient, method: str, path: str, header: str | None):
    headers = {} if header is None else {"Authorization": header}

    answer = client.open(
        path, method=method, headers=headers, data="{broken"
    )  # asked before the body is read

    assert (answer.status_code, slug_of(answer)) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="bazaar"'


def test_a_bad_token_is_refused_also_where_none_is_needed(client: FlaskClient):
    answer = client.get(f"{API}/products/{uuid4()}", headers={"Authorization": "Bearer abc.def"})

    assert (answer.status_code, slug_of(answer)) == (401, "unauthenticated")


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "ordering=best", "page=2", "cursor=%00&limit=101"])
def test_a_query_with_an_error_finds_nothing(client: FlaskClient, query: str):
    answer = client.get(f"{API}/products/{uuid4()}?{query}")

    assert (answer.status_code, slug_of(answer)) == (422, "validation-failed")
    assert {error["field"] for error in answer.get_json(force=True)["errors"]} == {
        part.partition("=")[0] for part in query.split("&") if not part.startswith("cursor")
    }


@pytest.mark.parametrize("cursor", ["", "x", "e30", "bm9wZQ", "eyJvcmRlciI6Im5ld2VzdCJ9", "x" * 1025])
def test_a_cursor_that_was_made_up(client: FlaskClient, cursor: str):
    answer = client.get(f"{API}/products/{uuid4()}?cursor={cursor}")

    assert (answer.status_code, slug_of(answer)) == (400, "invalid-cursor")


def test_a_cursor_whose_rank_is_no_number_of_stars(client: FlaskClient):
    position = {"order": "newest", "rank": 10**400, "at": "2026-01-01T00:00:00+00:00", "id": str(uuid4())}
    answer = client.get(f"{API}/products/{uuid4()}?cursor={encode(position)}")

    assert (answer.status_code, slug_of(answer)) == (400, "invalid-cursor")


def test_a_database_that_is_away_is_a_503_that_says_when_to_come_again(client: FlaskClient):
    answer = client.get(f"{API}/products/{uuid4()}")

    assert (answer.status_code, slug_of(answer)) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "2"


def test_a_mistake_of_ours_tells_nothing_of_itself(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
):
    def fail(**_: object) -> None:
        raise KeyError("the secret name of a column")

    monkeypatch.setitem(app.view_functions, "api.product_summary", fail)

    answer = client.get(f"{API}/products/{uuid4()}/summary")

    assert (answer.status_code, slug_of(answer)) == (500, "internal")
    assert "secret" not in answer.text


def test_the_callers_trace_goes_on(client: FlaskClient):
    trace = "0af7651916cd43dd8448eb211c80319c"

    answer = client.get(f"{API}/mine", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})

    assert answer.headers["X-Trace-Id"] == trace


def test_requests_are_counted_by_rule_never_by_path(client: FlaskClient):
    def counted(route: str, status: str) -> float:
        labels = {"http_request_method": "GET", "http_route": route, "http_response_status_code": status}
        return REGISTRY.get_sample_value("http_server_request_duration_seconds_count", labels) or 0

    before = counted(f"{API}/mine/products/{{product_id}}", "401"), counted("unmatched", "404")
    for _ in range(3):
        client.get(f"{API}/mine/products/{uuid4()}")
        client.get(f"/made/up/{uuid4()}")
    after = counted(f"{API}/mine/products/{{product_id}}", "401"), counted("unmatched", "404")

    assert [new - old for new, old in zip(after, before, strict=True)] == [3, 3]


def test_the_contract_is_served(client: FlaskClient):
    answer = client.get(f"{API}/openapi.json")

    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["openapi"].startswith("3.1")
    assert not [path for path in answer.json["paths"] if not path.startswith(API)]


def test_the_style_sheet_is_kept_for_a_year_under_its_fingerprint(client: FlaskClient):
    page = client.get("/moderation/unknown")
    href = page.text.partition('<link rel="stylesheet" href="')[2].partition('"')[0]

    assert page.status_code == 404
    with client.get(href) as kept, client.get(href.partition("?")[0]) as asked_again:
        assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert asked_again.headers["Cache-Control"] == "no-cache"
    assert client.get("/moderation/static/../access.py").status_code == 404
