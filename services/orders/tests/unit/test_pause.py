"""How long a saga waits before the same call is made again."""

import random
from datetime import timedelta

import pytest
from orders.saga.store import pause


@pytest.mark.parametrize(
    ("attempts", "longest"), [(1, 0.25), (2, 0.5), (5, 4.0), (6, 5.0), (7, 5.0), (1025, 5.0), (5000, 5.0)]
)
def test_it_doubles_up_to_five_seconds_however_often(
    monkeypatch: pytest.MonkeyPatch, attempts: int, longest: float
) -> None:
    monkeypatch.setattr(random, "uniform", lambda _, most: most)
    assert pause(attempts) == timedelta(seconds=longest)


def test_it_is_spread() -> None:
    pauses = {pause(5000) for _ in range(50)}
    assert len(pauses) > 1
    assert all(timedelta(seconds=2.5) <= one <= timedelta(seconds=5) for one in pauses)
