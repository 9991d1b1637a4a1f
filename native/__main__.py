"""Runs the market, with Docker Compose or natively: `make help` shows the ways in.

python -m native up|down|status|restart|seed|clean   [--mode docker|native]
python -m native logs orders [--follow]
python -m native dev orders
python -m native exec orders -- python -m orders export
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from infra.waiting import GaveUpError
from native import commands
from native.compose import ComposeError
from native.environments import EnvironmentsError
from native.install import InstallError
from native.modes import ModeError
from native.progress import complain
from native.readiness import NotReadyError
from native.servers.postgres import PostgresError
from native.supervisor import SupervisorError
from native.uv import UvError

EXPECTED = (
    ComposeError,
    EnvironmentsError,
    GaveUpError,
    InstallError,
    ModeError,
    NotReadyError,
    PostgresError,
    SupervisorError,
    UvError,
)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="native", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    top.add_argument("--mode", help="docker or native, instead of what is found here")
    subparsers = top.add_subparsers(dest="command", required=True)

    def command(name: str, run: Callable[..., int], about: str) -> argparse.ArgumentParser:
        sub = subparsers.add_parser(name, help=about)
        sub.set_defaults(run=run)
        return sub

    command("up", commands.up, "start the whole market")
    command("down", commands.down, "stop what was started; data is kept")
    command("status", commands.status, "every process: state, memory, readiness")
    command("where", commands.where, "the market's own address, for a browser")
    command("seed", commands.seed, "load the demo market")
    command("packages", commands.packages, "install missing Debian packages (as root)")
    clean = command("clean", commands.clean, "stop, and remove all state")
    clean.add_argument("--yes", action="store_true", help="do not ask")
    logs = command("logs", commands.logs, "the end of the logs")
    logs.add_argument("names", nargs="*")
    logs.add_argument("--follow", action="store_true")
    logs.add_argument("--lines", type=int, default=100)
    for name, run, about in (
        ("dev", commands.dev, "this process in the foreground, with reload; the rest runs"),
        ("restart", commands.restart, "stop and start a process or a service"),
    ):
        command(name, run, about).add_argument("name")
    execute = command("exec", commands.execute, "a command with a service's settings")
    execute.add_argument("name")
    execute.add_argument("words", nargs=argparse.REMAINDER)
    envs = command("envs", commands.make_envs, "make the services' environments")
    envs.add_argument("names", nargs="*")
    envs.add_argument("--dev", action="store_true", help="with the tools for tests")
    command("check", commands.check, "hold docker-compose.yml to its rules")
    command("lock", commands.lock, "write the lock files anew").add_argument("names", nargs="*")
    command("contracts", commands.contracts, "write the committed OpenAPI documents anew").add_argument(
        "names", nargs="*"
    )
    command("lint", commands.lint, "ruff, and mypy in every environment").add_argument("names", nargs="*")
    return top


def main() -> int:
    given = parser().parse_args()
    if given.mode:
        os.environ["MODE"] = given.mode
    try:
        status: int = given.run(given)
    except EXPECTED as error:
        complain(str(error))
        return 2
    except KeyboardInterrupt:
        complain("interrupted; what runs goes on: make status, make down")
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
