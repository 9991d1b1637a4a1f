"""PostgreSQL's own pace: pgbench with the very statement that the orders service sends, NOTIFY included."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

STATEMENT = Path("services/orders/src/orders/checkout/place_order.sql")
DEBIAN = Path("/usr/lib/postgresql")
TPS = re.compile(r"tps = ([\d.]+)")
LATENCY = re.compile(r"latency average = ([\d.]+) ms")
# what the service makes anew for each order; the others are the same for all, and are given as parameters
FRESH = {1: "gen_random_uuid()", 4: "('bench-' || gen_random_uuid())"}
# the benchmark orders lines, not a basket; a variable of pgbench cannot be null
ABSENT = {15: "null", 16: "null"}


class PaceError(Exception):
    pass


@dataclass(frozen=True)
class Pace:
    per_second: float
    latency_ms: float


def find_pgbench() -> str:
    found = shutil.which("pgbench") or max(map(str, DEBIAN.glob("*/bin/pgbench")), default=None)
    if found is None:
        raise PaceError("pgbench is missing; Debian's package postgresql has it: apt-get install postgresql")
    return found


def script(statement: str, names: Mapping[int, str]) -> str:
    """The statement with pgbench's variables for its parameters, one line, without comments."""
    code = " ".join(line.partition("--")[0].strip() for line in statement.splitlines())

    def value(match: re.Match[str]) -> str:
        number = int(match[1])
        return (FRESH | ABSENT).get(number) or f":{names[number]}"

    return re.sub(r"\$(\d+)", value, code).strip().rstrip(";") + ";\n"


@dataclass(frozen=True)
class Pgbench:
    binary: str
    address: str  # host:port
    database: str
    password: str
    script: Path
    values: Mapping[str, str]

    def run(self, *, clients: int, seconds: int) -> Pace:
        """Prepared statements, as asyncpg uses them, on as many connections as the service has."""
        host, _, port = self.address.partition(":")
        variables = [part for name, value in self.values.items() for part in ("-D", f"{name}={value}")]
        command = [
            self.binary, "--no-vacuum", "--protocol=prepared", f"--client={clients}", "--jobs=1",
            f"--time={seconds}", f"--file={self.script}", *variables, f"--host={host}", f"--port={port}",
            "--username=postgres", self.database,
        ]  # fmt: skip
        done = subprocess.run(
            command,
            env={**os.environ, "PGPASSWORD": self.password},
            capture_output=True,
            text=True,
            timeout=seconds + 60,
            check=False,
        )
        return measured(done.stdout, done.stderr, done.returncode)


def measured(out: str, err: str, status: int) -> Pace:
    tps, latency = TPS.search(out), LATENCY.search(out)
    if status != 0 or tps is None or latency is None or "aborted" in err:
        raise PaceError(f"pgbench ended with {status}: {(err or out).strip()[-500:]}")
    return Pace(float(tps[1]), float(latency[1]))
