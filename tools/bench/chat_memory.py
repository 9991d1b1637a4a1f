"""Memory of a process and the processor time of servers found by their port, from /proc."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.bench import cpu
from tools.bench.cpu import PROC

LISTENS = "0A"
PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def kib(pid: int) -> int:
    """The memory of a process and all below it; what is shared counts for each with its part."""
    found = 0
    for each in cpu.descendants(pid, cpu.snapshot()):
        try:
            rollup = (PROC / str(each) / "smaps_rollup").read_text(encoding="utf-8")
        except OSError:
            continue  # it ended in the meantime
        found += sum(map(int, PSS.findall(rollup)))
    return found


def listening(tables: str, port: int) -> set[str]:
    """The inodes of the sockets that listen on this port, out of /proc/net/tcp or tcp6."""
    rows = (line.split() for line in tables.splitlines())
    return {
        row[9]
        for row in rows
        if len(row) > 9 and row[3] == LISTENS and row[1].rpartition(":")[2] == f"{port:04X}"
    }


def listener(port: int) -> int | None:
    """The first process that listens there; None when it is in another namespace, as a container's is."""
    tables = "".join(
        path.read_text(encoding="utf-8") for path in (PROC / "net/tcp", PROC / "net/tcp6") if path.exists()
    )
    wanted = {f"socket:[{inode}]" for inode in listening(tables, port)}
    found = [pid for pid in _pids() if wanted & set(_sockets(pid))]
    return min(found, default=None)


def _pids() -> Iterator[int]:
    return (int(folder.name) for folder in PROC.glob("[0-9]*"))


def _sockets(pid: int) -> Iterator[str]:
    try:
        for link in (PROC / str(pid) / "fd").iterdir():
            yield str(link.readlink())
    except OSError:
        return
