"""A chart of bars, ready to be drawn: an SVG has no way to compute, and no script is asked to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

# the drawing's own units: a bar's place is ten wide, the whole is a hundred high
HEIGHT = 100
_PLACE, _GAP = 10, 2
# what is there at all can be seen
_LOWEST = 1.5
_NICE = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    # may still grow
    open: bool
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    bars: tuple[Bar, ...]
    width: int
    # what stands at the top and in the middle of the scale
    top: str
    middle: str
    begins: datetime | None
    ends: datetime | None
    # in words, for who does not see it
    summary: str

    @classmethod
    def of(
        cls, points: Sequence[tuple[datetime, int, bool]], words: Callable[[int], str], least: int
    ) -> Self:
        """`points`: when, how much, and whether that is final. `least`: the smallest top of the scale."""
        top = scale(max((value for _, value, _ in points), default=0), least)
        return cls(
            bars=tuple(
                _bar(number, point, top, words) for number, point in enumerate(points) if point[1] > 0
            ),
            width=max(len(points), 1) * _PLACE,
            top=words(top),
            middle=words(top // 2),
            begins=points[0][0] if points else None,
            ends=points[-1][0] if points else None,
            summary=_summary(points, words),
        )


def scale(highest: int, least: int) -> int:
    """A round number that is not lower than the highest value: 1, 2 or 5 with zeros, and even."""
    wanted, power = max(highest, least, 2), 1
    while True:
        for step in _NICE:
            if step * power >= wanted and step * power % 2 == 0:
                return step * power
        power *= 10


def _bar(number: int, point: tuple[datetime, int, bool], top: int, words: Callable[[int], str]) -> Bar:
    at, value, final = point
    height = round(max(value / top * HEIGHT, _LOWEST), 2)
    return Bar(
        x=number * _PLACE + _GAP / 2,
        y=round(HEIGHT - height, 2),
        width=_PLACE - _GAP,
        height=height,
        open=not final,
        label=f"{at:%H:%M}: {words(value)}",
    )


def _summary(points: Sequence[tuple[datetime, int, bool]], words: Callable[[int], str]) -> str:
    busy = [(at, value) for at, value, _ in points if value > 0]
    if not busy:
        return f"Nothing in the last {len(points)} minutes."
    at, value = max(busy, key=lambda point: point[1])
    total = words(sum(value for _, value in busy))
    return f"{total} in the last {len(points)} minutes; most in the minute of {at:%H:%M} UTC: {words(value)}."
