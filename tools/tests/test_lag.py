from __future__ import annotations

import pytest
from aiokafka import TopicPartition

from tools.books import UnreadableBookError
from tools.lag import lag_of, partitions_of

A, B = TopicPartition("t", 0), TopicPartition("t", 1)


def test_lag_is_what_was_published_and_not_handled() -> None:
    assert lag_of([A, B], {A: 0, B: 0}, {A: 10, B: 5}, {A: 7, B: 5}) == 3


def test_a_group_that_never_committed_lags_by_all_that_is_kept() -> None:
    assert lag_of([A, B], {A: 4, B: 0}, {A: 10, B: 5}, {}) == 11


def test_offsets_of_records_that_are_gone_count_from_the_first_one_kept() -> None:
    assert lag_of([A], {A: 8}, {A: 10}, {A: 2}) == 2


def test_a_group_ahead_of_the_end_does_not_lag() -> None:
    assert lag_of([A, B], {A: 0, B: 0}, {A: 3, B: 9}, {A: 5, B: 4}) == 5


def test_partitions_are_those_that_kafka_names() -> None:
    described = [{"topic": "t", "error_code": 0, "partitions": [{"partition": 1}, {"partition": 0}]}]
    assert partitions_of(described) == {"t": [B, A]}


@pytest.mark.parametrize("topic", [{"error_code": 3, "partitions": []}, {"error_code": 0, "partitions": []}])
def test_a_topic_that_is_not_there_can_t_be_read(topic: dict[str, object]) -> None:
    with pytest.raises(UnreadableBookError, match="no topic t"):
        partitions_of([{"topic": "t", **topic}])
