"""Reads the books of the running market, in the order that makes them comparable."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Collection
from dataclasses import dataclass

from tools.books import Books, UnreadableBookError, parse

type Read = Callable[[str], str]  # a service's name → its export, NDJSON

# the one who makes a thing is read after those who hear of it: what is added meanwhile is no orphan
PARTICIPANTS = ("notifications", "insights", "chat", "fulfillment", "basket", "reviews", "catalog")


@dataclass(frozen=True)
class Reading:
    """Orders, then all others, then orders again: what did not change in between can be judged."""

    before: Books
    participants: Books
    after: Books

    @property
    def unsent(self) -> dict[str, int]:
        outboxes = {**self.participants.outboxes, **self.after.outboxes}
        return {name: outbox.unsent for name, outbox in sorted(outboxes.items()) if outbox.unsent}


def read_books(read: Read, services: Collection[str] = PARTICIPANTS) -> Reading:
    """`services`: who is in this market. Whoever is, and can't be read, makes the audit impossible."""
    before = _parsed("orders", read)
    participants = Books()
    for service in PARTICIPANTS:
        if service in services:
            parse(service, read(service).splitlines(), participants)
    return Reading(before, participants, _parsed("orders", read))


def _parsed(service: str, read: Read) -> Books:
    return parse(service, read(service).splitlines())


def services_of_the_market() -> list[str]:
    """Those that docker-compose.yml runs, whether they do at this moment or not."""
    from native.compose import load

    return load({}).services


def from_running_market(timeout: float = 60) -> Read:
    """Through the export command of each service, in whatever mode the market runs."""
    from native.modes import Mode, ModeError

    mode = Mode.detect()

    def read(service: str) -> str:
        try:
            return mode.exec(service, ["python", "-m", service, "export"], timeout=timeout)
        except (ModeError, OSError, subprocess.TimeoutExpired) as error:
            raise UnreadableBookError(f"{service}: its export could not be read: {gist(error)}") from error

    return read


def gist(error: Exception) -> str:
    """Of a traceback the line that names the error; else the last line."""
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    named = [line for line in lines if re.match(r"[\w.]+(Error|Exception)\b", line)]
    return (named or lines)[-1].strip()[:300]
