"""Programs that a benchmark runs in the services' own environments, and what they say on their output.

A server says `ready`. A client says `begin` and `end` around what counts, and then one line of JSON. In
between this side looks at everybody's CPU time.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from native import environments
from native.paths import ROOT
from tools.bench import cpu

PATIENCE = 120.0
STOP = 20.0


class ProgramError(Exception):
    pass


@dataclass(frozen=True)
class Program:
    service: str  # whose environment it runs in
    module: str
    arguments: tuple[str, ...] = ()

    def command(self, *more: str) -> list[str]:
        python = ROOT / "services" / self.service / ".venv/bin/python"
        return [str(python), "-W", "ignore", "-m", self.module, *self.arguments, *more]


def environments_of(*programs: Program) -> None:
    environments.ensure(sorted({program.service for program in programs}))


@contextmanager
def running(
    program: Program, *arguments: str, env: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as errors:
        child = subprocess.Popen(
            program.command(*arguments),
            cwd=ROOT,
            env={**os.environ, **env, "PYTHONUNBUFFERED": "1"},
            bufsize=0,  # what is read ahead could not be waited for
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(STOP)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        output(child).close()


def output(child: subprocess.Popen[bytes]) -> IO[bytes]:
    if child.stdout is None:
        raise ProgramError(f"{module_of(child)} has no output that is read")
    return child.stdout


def said(child: subprocess.Popen[bytes], within: float = PATIENCE) -> str:
    """Its next line."""
    there, _, _ = select.select([output(child)], [], [], within)
    if not there:
        raise ProgramError(f"{module_of(child)} said nothing for {within:.0f} s")
    line = output(child).readline().decode().strip()
    if not line:
        raise ProgramError(f"{module_of(child)} ended with {child.wait(STOP)}")
    return line


def expect(child: subprocess.Popen[bytes], word: str) -> None:
    if (line := said(child)) != word:
        raise ProgramError(f"{module_of(child)} said {line[:200]!r} and not {word!r}")


def module_of(child: subprocess.Popen[bytes]) -> str:
    words = [str(word) for word in child.args]  # type: ignore[union-attr]
    return words[words.index("-m") + 1]


@dataclass(frozen=True)
class Measured:
    told: dict[str, Any]
    seconds: float  # as seen from here
    cpu_seconds: dict[str, float]


def measured(child: subprocess.Popen[bytes], pids: Mapping[str, int]) -> Measured:
    """From `begin` to `end`, the CPU time of everybody in `pids`; then what the program tells."""
    expect(child, "begin")
    started, before = time.perf_counter(), cpu.seconds(pids)
    expect(child, "end")
    ended, after = time.perf_counter(), cpu.seconds(pids)
    used = {name: after[name] - before[name] for name in pids}
    return Measured(json.loads(said(child)), ended - started, used)
