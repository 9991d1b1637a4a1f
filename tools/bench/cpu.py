"""CPU time of processes of this machine, with all their children, from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


@dataclass(frozen=True)
class Stat:
    parent: int
    ticks: int  # its own
    reaped: int  # of children that have ended


def parse(line: str) -> Stat:
    """A line of /proc/<pid>/stat; the name in brackets may hold anything."""
    fields = line.rpartition(")")[2].split()
    user, system, child_user, child_system = (int(fields[i]) for i in (11, 12, 13, 14))
    return Stat(int(fields[1]), user + system, child_user + child_system)


def snapshot() -> dict[int, Stat]:
    found = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            found[int(folder.name)] = parse((folder / "stat").read_text(encoding="utf-8", errors="replace"))
        except (OSError, ValueError):
            continue  # it ended in the meantime
    return found


def descendants(pid: int, stats: Mapping[int, Stat]) -> Iterator[int]:
    yield pid
    for child, stat in stats.items():
        if stat.parent == pid:
            yield from descendants(child, stats)


def seconds(pids: Mapping[str, int], stats: Mapping[int, Stat] | None = None) -> dict[str, float]:
    """CPU seconds that each named process and all below it have used so far."""
    stats = stats if stats is not None else snapshot()
    used = {}
    for name, pid in pids.items():
        tree = [stats[each] for each in descendants(pid, stats) if each in stats]
        used[name] = sum(stat.ticks + stat.reaped for stat in tree) / TICKS
    return used


def micros_each(before: Mapping[str, float], after: Mapping[str, float], count: int) -> dict[str, int]:
    """CPU-µs of each process for one of `count`."""
    if not count:
        return {}
    return {
        name: round((used - before[name]) / count * 1e6) for name, used in after.items() if name in before
    }
