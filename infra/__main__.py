"""Secrets, databases, queues and topics of the market: what is missing is made, what is there is left alone.

python -m infra secrets --dir .bazaar/secrets
python -m infra provision                      settings: SECRETS_DIR, POSTGRES_URL, …
python -m infra config --dir /config
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from infra import definition
from infra.waiting import GaveUpError

WITHIN = 180.0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="infra", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    secrets = commands.add_parser("secrets", help="generate the secrets that are missing")
    secrets.add_argument("--dir", type=Path, required=True)
    secrets.add_argument(
        "--give-away", action="store_true", help="each owner's files to its user (needs root)"
    )
    provision = commands.add_parser("provision", help="databases, roles, queues, rights and topics")
    provision.add_argument("--within", type=float, default=WITHIN, help="seconds to wait for the servers")
    config = commands.add_parser("config", help="Envoy's configuration and Prometheus' targets")
    config.add_argument("--dir", type=Path, required=True)
    given = parser.parse_args(arguments)
    if given.command == "secrets":
        return run_secrets(given.dir, give_away=given.give_away)
    if given.command == "config":
        from infra.config import write

        write(given.dir)
        return 0
    return run_provision(given.within)


def run_secrets(folder: Path, *, give_away: bool) -> int:
    from infra.secrets import generate

    made = generate(definition.load(), folder, give_away=give_away)
    print(f"secrets: {len(made)} generated in {folder}" if made else f"secrets: all are there in {folder}")
    return 0


def run_provision(within: float) -> int:
    from infra.provision import Settings, SettingsError, provision

    try:
        settings = Settings.from_environment(os.environ)
        asyncio.run(
            provision(definition.load(), settings, within, report=lambda line: print(line, flush=True))
        )
    except (GaveUpError, SettingsError) as error:
        print(f"provision: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
