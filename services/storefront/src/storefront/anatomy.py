"""anatomy.toml, read: which file answers a call or takes a step, and so what /source/ may show."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from storefront import paths
from storefront.recorder import Call, Outcome, Record


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    name: str
    framework: str
    role: str
    why: str
    readme: str

    @property
    def source_url(self) -> str:
        return paths.source(self.readme)


@dataclass(frozen=True, slots=True)
class StepFacts:
    key: str
    label: str
    service: str
    framework: str
    file: str
    undo: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    services: Mapping[str, ServiceFacts]
    # by (service, method, route template)
    calls: Mapping[tuple[str, str, str], str]
    steps: tuple[StepFacts, ...]
    undoing: Mapping[str, str]
    files: frozenset[str]


@dataclass(frozen=True, slots=True)
class SeenCall:
    service: str
    framework: str
    method: str
    route: str
    status: int | None
    ms: int
    outcome: Outcome
    file: str
    source_url: str


@dataclass(frozen=True, slots=True)
class Anatomy:
    total_ms: int
    calls: tuple[SeenCall, ...]


@cache
def facts() -> Facts:
    table = tomllib.loads(files("storefront").joinpath("anatomy.toml").read_text(encoding="utf-8"))
    services = {name: ServiceFacts(name, **about) for name, about in table["services"].items()}
    calls = dict(_calls(table["calls"]))
    steps = tuple(StepFacts(**step) for step in table["steps"])
    shown = {
        *calls.values(),
        *(step.file for step in steps),
        *(service.readme for service in services.values()),
        *table["shown"]["files"],
    }
    return Facts(services, calls, steps, table["undoing"], frozenset(shown))


def _calls(table: Mapping[str, Mapping[str, str]]) -> list[tuple[tuple[str, str, str], str]]:
    found: list[tuple[tuple[str, str, str], str]] = []
    for service, routes in table.items():
        for asked, file in routes.items():
            method, _, route = asked.partition(" ")
            found.append(((service, method, route), file))
    return found


def dissect(record: Record) -> Anatomy:
    """The record of a page as its foot shows it."""
    return Anatomy(round(record.elapsed_ms()), tuple(_seen(call) for call in record.calls))


def _seen(call: Call) -> SeenCall:
    file = facts().calls[(call.service, call.method, call.route)]
    return SeenCall(
        service=call.service,
        framework=facts().services[call.service].framework,
        method=call.method,
        route=call.route,
        status=call.status,
        ms=round(call.ms),
        outcome=call.outcome,
        file=file,
        source_url=paths.source(file),
    )
