"""Each refusal: its status, its problem, and that nothing reached the topic."""

import json
from typing import Any
from uuid import uuid4

import pytest
from falcon.testing import TestClient
from prometheus_client import REGISTRY

from bazaar_shared.problems import TYPE_PREFIX
from tests.unit.conftest import Post, RecordedTopic, ago, batch, view

PATH = "/api/clickstream"


def refused(answer: Any, status: int, slug: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json
    assert (problem["type"], problem["status"]) == (TYPE_PREFIX + slug, status)
    assert answer.headers["x-trace-id"] == problem["trace_id"]
    return problem


def counted(reason: str) -> float:
    return REGISTRY.get_sample_value("clicks_refused_total", {"reason": reason}) or 0


INVALID: dict[str, tuple[Any, str, str]] = {
    "no events": ({"session_id": str(uuid4())}, "events", "missing"),
    "none of them": (batch() | {"events": []}, "events", "invalid"),
    "too many": (batch(*[view()] * 101), "events", "invalid"),
    "a list": ([], "body", "invalid"),
    "an unknown member": (batch() | {"user": "ada"}, "user", "unknown_field"),
    "an unknown member of an event": (batch(view(), view(ip="::1")), "events[1].ip", "unknown_field"),
    "no id": (batch({"kind": "view", "at": ago(), "page": "/"}), "events[0].id", "missing"),
    "no kind": (batch({"id": str(uuid4()), "at": ago(), "page": "/"}), "events[0].kind", "missing"),
    "an unknown kind": (batch(view(kind="stare")), "events[0].kind", "invalid"),
    "an id that is none": (batch(view(), view(id="7")), "events[1].id", "invalid"),
    "a session that is none": (batch(session_id="me"), "session_id", "invalid"),
    "no time": (batch(view(at=None)), "events[0].at", "invalid"),
    "a time without offset": (batch(view(at="2026-11-26T08:00:00")), "events[0].at", "invalid"),
    "a view of nothing": (batch(view(page=None)), "events[0]", "missing"),
    "a search for nothing": (batch(view(kind="search")), "events[0].query", "missing"),
    "a search for null": (batch(view(kind="search", query=None)), "events[0].query", "invalid"),
    "a search for no letter": (batch(view(kind="search", query="")), "events[0].query", "invalid"),
    "a long query": (batch(view(query="q" * 201)), "events[0].query", "invalid"),
    "a long page": (batch(view(page="/" + "p" * 500)), "events[0].page", "invalid"),
    "adding nothing": (batch(view(kind="add")), "events[0].product_id", "missing"),
    "buying without an order": (batch(view(kind="buy")), "events[0].order_id", "missing"),
    "no piece": (batch(view(quantity=0)), "events[0].quantity", "invalid"),
    "a hundred pieces": (batch(view(quantity=100)), "events[0].quantity", "invalid"),
    "a piece and a half": (batch(view(quantity=1.5)), "events[0].quantity", "invalid"),
    "two in a text": (batch(view(quantity="2")), "events[0].quantity", "invalid"),
}


@pytest.mark.parametrize(("body", "field", "code"), INVALID.values(), ids=INVALID)
def test_what_is_invalid_is_named(post: Post, topic: RecordedTopic, body: Any, field: str, code: str) -> None:
    problem = refused(post(body), 422, "validation-failed")
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [(field, code)]
    assert problem["errors"][0]["message"]
    assert topic.records == []


def test_each_time_that_cannot_be_is_named(post: Post, topic: RecordedTopic) -> None:
    body = batch(view(at=ago(hours=25)), view(), view(at=ago(minutes=-6)), view(at=ago(hours=23.9)))
    problem = refused(post(body), 422, "validation-failed")
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [
        ("events[0].at", "too_old"),
        ("events[2].at", "in_the_future"),
    ]
    assert topic.records == []


@pytest.mark.parametrize("cookie", ["", "bazaar_visit=", "bazaar_visit=me", "other=1"])
def test_without_a_session_nothing_is_taken(post: Post, topic: RecordedTopic, cookie: str) -> None:
    answer = post({"events": [view()]}, headers={"Cookie": cookie} if cookie else {})
    problem = refused(answer, 422, "validation-failed")
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [("session_id", "missing")]
    assert topic.records == []


@pytest.mark.parametrize("body", [b"", b"{", b'{"events": [}', b"\xff\xfe", b'{"session_id": "\\ud800"}'])
def test_what_is_no_json_is_malformed(client: TestClient, topic: RecordedTopic, body: bytes) -> None:
    answer = client.simulate_post(PATH, body=body, headers={"Content-Type": "application/json"})
    refused(answer, 400, "malformed-body")
    assert topic.records == []


@pytest.mark.parametrize("kind", [None, "application/xml", "application/x-www-form-urlencoded", "*/*"])
def test_other_types_are_not_read(client: TestClient, topic: RecordedTopic, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = client.simulate_post(PATH, body=json.dumps(batch()), headers=headers)
    refused(answer, 415, "unsupported-media-type")
    assert topic.records == []


def test_a_body_may_have_64_kib(client: TestClient, topic: RecordedTopic) -> None:
    body = json.dumps(batch()).encode().ljust(64 * 1024)
    headers = {"Content-Type": "application/json"}
    assert client.simulate_post(PATH, body=body, headers=headers).status_code == 202
    answer = client.simulate_post(PATH, body=body + b" ", headers=headers)
    refused(answer, 413, "body-too-large")
    assert answer.headers["connection"] == "close"
    assert len(topic.records) == 1


WHO = {
    "do not track": ({"DNT": "1"}, "no_tracking"),
    "global privacy control": ({"Sec-GPC": "1"}, "no_tracking"),
    "a search engine": (
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        "machine",
    ),
    "a program": ({"User-Agent": "python-httpx/0.28.1"}, "machine"),
    "nobody": ({"User-Agent": ""}, "machine"),
}


@pytest.mark.parametrize(("headers", "reason"), WHO.values(), ids=WHO)
def test_who_is_not_counted(post: Post, topic: RecordedTopic, headers: dict[str, str], reason: str) -> None:
    before = counted(reason)
    # not even looked at
    for body in (batch(), {"no": "batch"}):
        answer = post(body, headers=headers)
        assert (answer.status_code, answer.text) == (204, "")
    assert topic.records == []
    assert counted(reason) == before + 2


@pytest.mark.parametrize("headers", [{"DNT": "0"}, {"Sec-GPC": "0"}, {"DNT": "unspecified"}])
def test_who_allows_it_is_counted(post: Post, topic: RecordedTopic, headers: dict[str, str]) -> None:
    assert post(headers=headers).status_code == 202
    assert len(topic.records) == 1


def test_a_session_that_sends_too_much_waits(post: Post, topic: RecordedTopic) -> None:
    body = batch(*(view() for _ in range(100)))
    assert [post(body).status_code for _ in range(3)] == [202] * 3
    answer = post(body)
    refused(answer, 429, "too-many-requests")
    assert answer.headers["x-ratelimit-limit"] == "300"
    assert int(answer.headers["x-ratelimit-remaining"]) < 20
    # 100 tokens at 20 a second
    assert 4 <= int(answer.headers["retry-after"]) <= 5
    assert 14 <= int(answer.headers["x-ratelimit-reset"]) <= 15
    assert len(topic.records) == 300
    assert post().status_code == 202, "another session is not held responsible"


def test_kafka_is_away(post: Post, topic: RecordedTopic) -> None:
    topic.available = False
    answer = post({"not": "read"})
    refused(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "1"


def test_what_was_not_stored_costs_no_tokens(post: Post, topic: RecordedTopic) -> None:
    body = batch(*(view() for _ in range(100)))
    topic.refusing = True
    before = counted("kafka_away")
    for _ in range(5):
        answer = post(body)
        refused(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "1"
    assert counted("kafka_away") == before + 5
    topic.refusing = False
    assert post(body).headers["x-ratelimit-remaining"] == "200"


@pytest.mark.parametrize("settings", [{"max_in_flight_bytes": 512 * 1024, "max_in_flight": 1}], indirect=True)
def test_places_in_flight_are_given_back(post: Post, topic: RecordedTopic) -> None:
    """Whatever becomes of the request, with room for one only."""
    for _ in range(3):
        assert post().status_code == 202
        assert post({"events": 1}).status_code == 422
        topic.refusing = True
        assert post().status_code == 503
        topic.refusing = False
    assert REGISTRY.get_sample_value("clicks_in_flight") == 0
    assert REGISTRY.get_sample_value("clicks_in_flight_bytes") == 0


def test_falcons_own_refusals_are_problems(client: TestClient) -> None:
    refused(client.simulate_get("/api/clickstream/other"), 404, "not-found")
    answer = client.simulate_get(PATH)
    refused(answer, 405, "method-not-allowed")
    assert set(answer.headers["allow"].split(", ")) == {"POST", "OPTIONS"}


def test_what_nobody_expected_is_a_500_without_words(
    client: TestClient, post: Post, topic: RecordedTopic
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("a secret")

    topic.publish = broken  # type: ignore[method-assign]
    answer = post()
    refused(answer, 500, "internal")
    assert "secret" not in answer.text
