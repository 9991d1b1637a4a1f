"""What all readers of the benchmark are given, and how they tell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

PARTITIONS = 6


@dataclass(frozen=True)
class Given:
    servers: str
    topic: str
    group: str
    records: int
    variant: str

    @property
    def changelog(self) -> str:
        return f"{self.group}-counts-changelog"

    def arguments(self) -> tuple[str, ...]:
        return (self.servers, self.topic, self.group, str(self.records), self.variant)


def given(arguments: Sequence[str]) -> Given:
    servers, topic, group, records, variant = arguments
    return Given(servers, topic, group, int(records), variant)


class Telling:
    """`begin` with the first record, `end` when what came of the last one is committed."""

    def __init__(self, records: int) -> None:
        self.records = records
        self.count = 0

    @property
    def done(self) -> bool:
        return self.count >= self.records

    def one(self) -> None:
        if self.count == 0:
            print("begin", flush=True)
        self.count += 1

    def end(self, counted: int) -> None:
        print("end", flush=True)
        print(json.dumps({"records": self.count, "counted": counted}), flush=True)
