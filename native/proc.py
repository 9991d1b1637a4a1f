"""What Linux's /proc says of processes and ports."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LISTEN = "0A"
STAT_PARENT = 1  # of the fields after the command's closing parenthesis


@dataclass(frozen=True)
class Holder:
    """Who listens on a port; pid is None when another user's process does and we may not look."""

    port: int
    pid: int | None
    name: str


def pids() -> Iterator[int]:
    yield from (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:  # it ended meanwhile, or is not ours to look at
        return b""


def command_line(pid: int) -> str:
    return read(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode(errors="replace").strip()


def memory_mib(pid: int) -> int:
    """Memory of the process and its descendants: private pages, and their share of the shared ones (PSS)."""
    total = 0
    for member in family(pid):
        match = re.search(rb"^Pss:\s+(\d+) kB", read(f"/proc/{member}/smaps_rollup"), re.MULTILINE)
        total += int(match[1]) if match else 0
    return total // 1024


def family(pid: int) -> list[int]:
    """The process and its descendants; they need not be one process group: PostgreSQL's backends are not."""
    children: dict[int, list[int]] = {}
    for other in pids():
        children.setdefault(parent_of(other), []).append(other)
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def lives(pid: int) -> bool:
    """False for a zombie, too: it has ended, only its parent has not noticed."""
    _, _, rest = read(f"/proc/{pid}/stat").rpartition(b")")
    return rest.split()[:1] not in ([], [b"Z"])


def parent_of(pid: int) -> int:
    _, _, rest = read(f"/proc/{pid}/stat").rpartition(b")")
    fields = rest.split()
    return int(fields[STAT_PARENT]) if fields else 0


def variable(pid: int, name: str) -> str | None:
    """What the process was given in its environment."""
    start = f"{name}=".encode()
    found = (entry for entry in read(f"/proc/{pid}/environ").split(b"\0") if entry.startswith(start))
    return next((entry.removeprefix(start).decode() for entry in found), None)


def marked(name: str, value: str) -> list[int]:
    """Processes that carry this variable in their environment, except this one."""
    return [pid for pid in pids() if pid != os.getpid() and variable(pid, name) == value]


def listeners() -> dict[int, str]:
    """Ports somebody listens on -> the socket's inode."""
    found = {}
    for table in ("tcp", "tcp6"):
        for line in read(f"/proc/net/{table}").decode().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN:
                found[int(fields[1].rpartition(":")[2], 16)] = fields[9]
    return found


def holders(ports: set[int]) -> list[Holder]:
    """Who listens on these ports; empty when all are free."""
    taken = {inode: port for port, inode in listeners().items() if port in ports}
    if not taken:
        return []
    owners = {port: pid for pid in pids() for port in ports_held(pid, taken)}
    return [
        Holder(
            port, owners.get(port), command_line(owners[port]) if port in owners else "another user's process"
        )
        for port in sorted(taken.values())
    ]


def ports_held(pid: int, taken: dict[str, int]) -> Iterator[int]:
    for target in descriptors(pid):
        match = re.fullmatch(r"socket:\[(\d+)\]", target)
        if match and match[1] in taken:
            yield taken[match[1]]


def descriptors(pid: int) -> Iterator[str]:
    try:
        numbers = os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208 - their targets are no paths
    except OSError:  # it ended meanwhile, or is not ours to look at
        return
    for number in numbers:
        with contextlib.suppress(OSError):  # closed meanwhile
            yield os.readlink(f"/proc/{pid}/fd/{number}")  # noqa: PTH115
