"""The clickstream benchmark's requests and its arithmetic."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tools.bench.clickstream_report import ClickstreamReport, Size, as_markdown
from tools.bench.clickstream_stage import RawRun, requests
from tools.bench.http_load import Result


def test_each_request_is_a_batch_with_ids_of_its_own() -> None:
    make = requests(3)
    seen: set[str] = set()
    for _ in range(5):
        head, _, body = make().partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head
        batch = json.loads(body)
        assert [event["kind"] for event in batch["events"]] == ["view"] * 3
        seen |= {event["id"] for event in batch["events"]}
    assert len(seen) == 15


def size(events: int, raw: tuple[float, float], accepted: int) -> Size:
    runs = [RawRun(1, 1, per_second, 10.0) for per_second in raw]
    result = Result(2.0, Counter({202: accepted}), [0.010] * 99 + [0.5])
    return Size(events, runs, result, result, {"clickstream": 40.04})


def test_the_ratio_is_of_events_to_the_mean_of_the_bare_runs() -> None:
    report = ClickstreamReport(32, 100, "kafka", stored=1234, sizes=[size(10, (9000, 11000), 1000)]).as_json()
    [told] = report["sizes"]
    # 1000 batches of 10 in 2 s
    assert told["accepted"]["events_per_second"] == 5000
    assert told["accepted"]["ratio_to_raw"] == 0.5
    assert told["accepted"]["cpu_micros_an_event"] == {"clickstream": 40.0}
    assert (told["accepted"]["p50_ms"], told["accepted"]["p99_ms"]) == (10.0, 500.0)
    text = as_markdown(report)
    assert "| 10 | 10,000 | 5,000 | **0.50** | 500 |" in text
    assert "1,234 events, none missing" in text
    assert "The machine was not quiet" in text


def test_nothing_is_told_before_it_is_measured() -> None:
    with pytest.raises(ValueError, match="nothing is measured"):
        Size(1, [RawRun(1, 1, 1.0, 1.0)]).as_json()
