"""What the market's streams came to: trends, a stall's takings, what operators watch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

from storefront.viewmodels.charts import Chart
from storefront.viewmodels.money import money
from storefront.viewmodels.orders import number_of
from storefront.viewmodels.products import Card

type Severity = Literal["info", "warning", "critical"]
type Tone = Literal["good", "bad", "wait"]

_TONES: Mapping[str, Tone] = {"critical": "bad", "warning": "wait", "info": "good"}
_STEPS = {
    "view": "looked at something",
    "search": "searched",
    "add": "put something into the basket",
    "buy": "bought",
}


@dataclass(frozen=True, slots=True)
class Trend:
    product_id: str
    views: int
    adds: int
    buys: int

    @classmethod
    def of(cls, trend: Mapping[str, Any]) -> Self:
        return cls(trend["product_id"], trend["views"], trend["adds"], trend["buys"])


@dataclass(frozen=True, slots=True)
class Trending:
    """A product that many look at now, as far as the catalog knows it."""

    card: Card
    trend: Trend


@dataclass(frozen=True, slots=True)
class Minute:
    at: datetime
    orders: int
    revenue_minor: int
    # its orders are all known; before that a late one may still come
    sealed: bool


@dataclass(frozen=True, slots=True)
class Revenue:
    currency: str
    as_of: datetime
    minutes: tuple[Minute, ...]
    total_orders: int
    total_minor: int

    @property
    def recent_orders(self) -> int:
        return sum(minute.orders for minute in self.minutes)

    @property
    def recent_minor(self) -> int:
        return sum(minute.revenue_minor for minute in self.minutes)

    @property
    def busy(self) -> Sequence[Minute]:
        """Newest first; what a table tells of an hour in which most minutes are empty."""
        return [minute for minute in reversed(self.minutes) if minute.orders or minute.revenue_minor]

    @property
    def takings(self) -> Chart:
        return Chart.of(
            [(minute.at, minute.revenue_minor, minute.sealed) for minute in self.minutes],
            lambda minor: money(minor, self.currency),
            least=100,
        )

    @property
    def orders(self) -> Chart:
        return Chart.of([(minute.at, minute.orders, minute.sealed) for minute in self.minutes], str, least=4)

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        sealed_before = datetime.fromisoformat(answer["sealed_before"])
        return cls(
            currency=answer["currency"],
            as_of=datetime.fromisoformat(answer["as_of"]),
            minutes=tuple(_minute(minute, sealed_before) for minute in answer["minutes"]),
            total_orders=answer["total"]["orders"],
            total_minor=answer["total"]["revenue_minor"],
        )


def _minute(minute: Mapping[str, Any], sealed_before: datetime) -> Minute:
    at = datetime.fromisoformat(minute["minute"])
    return Minute(at, minute["orders"], minute["revenue_minor"], at < sealed_before)


@dataclass(frozen=True, slots=True)
class FunnelStep:
    label: str
    sessions: int
    percent: float


@dataclass(frozen=True, slots=True)
class Funnel:
    hours: int
    steps: tuple[FunnelStep, ...]

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        steps = (
            FunnelStep(_STEPS.get(step["step"], step["step"]), step["sessions"], 100 * step["share"])
            for step in answer["steps"]
        )
        return cls(answer["hours"], tuple(steps))


@dataclass(frozen=True, slots=True)
class Abandoned:
    open: int
    abandoned: int
    value_minor: int
    currency: str

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        return cls(answer["open"], answer["abandoned"], answer["abandoned_value_minor"], answer["currency"])


@dataclass(frozen=True, slots=True)
class Alert:
    order_number: str
    rule: str
    severity: Severity
    detail: str
    at: datetime

    @property
    def tone(self) -> Tone:
        return _TONES[self.severity]

    @classmethod
    def of(cls, alert: Mapping[str, Any]) -> Self:
        return cls(
            order_number=number_of(alert["order_id"]),
            rule=alert["rule"],
            severity=alert["severity"],
            detail=alert["detail"],
            at=datetime.fromisoformat(alert["at"]),
        )
