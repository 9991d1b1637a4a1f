"""What is accepted, and what then stands on the topic."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from clickstream import envelope
from clickstream.clicks import Batch
from falcon.testing import TestClient

from bazaar_shared.contracts import load, violations
from bazaar_shared.envelope import Event
from tests.unit.conftest import Post, RecordedTopic, ago, batch, view

BAZAAR = Path(__file__).resolve().parents[4] / "shared/contracts/asyncapi/bazaar.yaml"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_batch_becomes_the_markets_events(post: Post, topic: RecordedTopic) -> None:
    product, order = str(uuid4()), str(uuid4())
    events = [
        view(page="/", at=ago(minutes=3)),
        view(kind="search", query="grüner Tee", page=None),
        view(kind="add", product_id=product, quantity=2),
        view(kind="buy", order_id=order),
    ]
    body = batch(*events)
    contract = load(BAZAAR)
    answer = post(body, headers={"traceparent": TRACE})
    assert (answer.status_code, answer.json) == (202, {"accepted": 4})
    assert [event.data["kind"] for _, event, _ in topic.records] == ["view", "search", "add", "buy"]
    for sent, (key, event, traceparent) in zip(events, topic.records, strict=True):
        assert key == body["session_id"] == event.data["session_id"]
        assert (event.source, event.type) == ("/bazaar/clickstream", "bazaar.clickstream.click.v1")
        assert event.subject == event.id == event.data["click_id"] == sent["id"]
        assert event.version == 1
        assert violations(contract, "clicks", event) == []
        assert event.traceparent == traceparent
        assert traceparent is not None
        assert traceparent.split("-")[1] == TRACE.split("-")[1]
        assert datetime.fromisoformat(event.data["at"]) == datetime.fromisoformat(sent["at"])
        assert event.data["at"].endswith("Z")
        assert abs(event.time - datetime.now(UTC)) < timedelta(seconds=10)
        for name in ("product_id", "query", "quantity", "order_id", "page"):
            assert event.data[name] == sent.get(name)
    assert answer.headers["x-trace-id"] == TRACE.split("-")[1]


def test_the_bytes_are_those_of_the_shared_envelope() -> None:
    awkward = 'ä"\\\u0001\u007f\u2028😀/'
    now = datetime(2026, 11, 26, 8, 0, 0, 120000, UTC)
    for at in ("2026-11-26T08:00:00Z", "2026-11-26T08:00:00.000001Z"):
        raw = batch(view(query=awkward, page=awkward, at=at, product_id=str(uuid4()), quantity=3))
        read = msgspec.json.decode(json.dumps(raw), type=Batch)
        for trace in (TRACE, None):
            (value,) = envelope.encoded(read, read.session_id or uuid4(), now, trace)
            assert value == Event.from_json(value).to_json()
            assert Event.from_json(value).data["query"] == awkward


def test_a_batch_sent_again_brings_the_same_events(post: Post, topic: RecordedTopic) -> None:
    body = batch(view(), view())
    assert post(body).status_code == post(body).status_code == 202
    ids = [event.id for _, event, _ in topic.records]
    assert ids[:2] == ids[2:]


@pytest.mark.parametrize("kind", ["text/plain;charset=UTF-8", "text/plain; charset=utf-8", "text/plain"])
def test_a_beacon_is_a_text(client: TestClient, topic: RecordedTopic, kind: str) -> None:
    answer = client.simulate_post(
        "/api/clickstream", body=json.dumps(batch()), headers={"Content-Type": kind}
    )
    assert answer.status_code == 202
    assert len(topic.records) == 1


def test_the_cookie_names_the_session(post: Post, topic: RecordedTopic) -> None:
    visit = str(uuid4())
    body = {"events": [view()]}
    assert post(body, headers={"Cookie": f"other=1; bazaar_visit={visit}"}).status_code == 202
    assert [key for key, _, _ in topic.records] == [visit]


def test_the_bodys_session_goes_before_the_cookies(post: Post, topic: RecordedTopic) -> None:
    body = batch()
    assert post(body, headers={"Cookie": f"bazaar_visit={uuid4()}"}).status_code == 202
    assert [key for key, _, _ in topic.records] == [body["session_id"]]


def test_a_clock_that_is_a_little_ahead_is_set_right(post: Post, topic: RecordedTopic) -> None:
    assert post(batch(view(at=ago(minutes=-4)))).status_code == 202
    ((_, event, _),) = topic.records
    assert datetime.fromisoformat(event.data["at"]) == event.time


def test_other_offsets_are_told_in_utc(post: Post, topic: RecordedTopic) -> None:
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    local = (at + timedelta(hours=2)).replace(tzinfo=None).isoformat() + "+02:00"
    assert post(batch(view(at=local))).status_code == 202
    ((_, event, _),) = topic.records
    assert event.data["at"] == at.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("count", [1, 100])
def test_the_sizes_of_a_batch(post: Post, topic: RecordedTopic, count: int) -> None:
    answer = post(batch(*(view() for _ in range(count))))
    assert (answer.status_code, answer.json) == (202, {"accepted": count})
    assert answer.headers["x-ratelimit-limit"] == "300"
    assert answer.headers["x-ratelimit-remaining"] == str(300 - count)
    assert answer.headers["cache-control"] == "no-store"
