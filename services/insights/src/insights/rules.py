"""The rules for unusual orders, read from rules.toml, and what they say of an order. No framework in here."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid5

_NAMESPACE = UUID("b0a6c1f4-5b7e-5d52-9a41-6f2f0a2d7c11")
_SEVERITIES = ("info", "warning", "critical")
_KINDS = ("total", "quantity", "frequency")


class InvalidRule(ValueError):
    pass


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    kind: str
    least: int
    critical_from: int
    severity: str
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """What the rules look at."""

    total_minor: int
    most_of_one: int
    # when the shopper's orders were placed that are known by now, this one's included
    placed_at: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    rule: str
    kind: str
    severity: str
    detail: str


@cache
def rules() -> tuple[Rule, ...]:
    return parse(files(__package__).joinpath("rules.toml").read_text(encoding="utf-8"))


def parse(text: str) -> tuple[Rule, ...]:
    return tuple(_rule(name, table) for name, table in tomllib.loads(text).items())


def _rule(name: str, table: Mapping[str, Any]) -> Rule:
    rule = Rule(
        name,
        table.get("kind", ""),
        table.get("from", 0),
        table.get("critical_from", 0),
        table.get("severity", ""),
        table.get("minutes", 0),
    )
    if rule.kind not in _KINDS or rule.severity not in _SEVERITIES:
        raise InvalidRule(f"{name}: its kind is one of {_KINDS}, its severity one of {_SEVERITIES}")
    if not 0 < rule.least <= rule.critical_from:
        raise InvalidRule(f"{name}: from must be more than 0, and critical_from not less")
    if (rule.kind == "frequency") != (rule.minutes > 0):
        raise InvalidRule(f"{name}: minutes belong to a frequency, and only to it")
    return rule


def longest_memory(every: tuple[Rule, ...]) -> int:
    """Seconds for which a shopper's orders must be remembered."""
    return max((rule.minutes for rule in every), default=0) * 60


def findings(every: tuple[Rule, ...], seen: Seen) -> Iterator[Finding]:
    for rule in every:
        value = _value(rule, seen)
        if value >= rule.least:
            severity = "critical" if value >= rule.critical_from else rule.severity
            yield Finding(rule.name, rule.kind, severity, _detail(rule, value))


def alert_id(order_id: str, rule: str) -> str:
    return str(uuid5(_NAMESPACE, f"{order_id}:{rule}"))


def _value(rule: Rule, seen: Seen) -> int:
    match rule.kind:
        case "total":
            return seen.total_minor
        case "quantity":
            return seen.most_of_one
        case _:
            newest = max(seen.placed_at)
            return sum(1 for at in seen.placed_at if newest - rule.minutes * 60 < at)


def _detail(rule: Rule, value: int) -> str:
    match rule.kind:
        case "total":
            return f"a total of {value / 100:,.2f}, from {rule.least / 100:,.2f} on it is unusual"
        case "quantity":
            return f"{value} of one product, from {rule.least} on it is unusual"
        case _:
            return f"{value} orders of one shopper within {rule.minutes} minutes"
