"""`python -m catalog <command>`: the entry that all services share, over Django's management commands."""

import argparse
import os
import sys

from django.core.management import execute_from_command_line

from bazaar_shared.settings import SettingsError

COMMANDS = {
    "serve": "the API and the back office (the default)",
    "relay": "send the outbox's events to Kafka",
    "consume": "follow inventory.stock into the availability read model",
    "migrate": "bring the database's tables up to date, under a lock",
    "seed": "load the demo market from DEMO_DIR",
    "export": "print the books as NDJSON",
    "openapi": "print the OpenAPI document",
    "replay-dead-letters": "handle again what was put aside in dead-letter.catalog",
}


def main() -> None:
    listing = "\n".join(f"  {name:<20} {text}" for name, text in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="python -m catalog",
        description=f"{__doc__}\n\ncommands:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", choices=COMMANDS, default="serve", metavar="command")
    command, rest = parser.parse_known_args()
    run(command.command, rest)


def run(command: str, rest: list[str]) -> None:
    offline = command == "openapi"  # describing the API needs no server
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"catalog.settings{'_offline' if offline else ''}")
    os.environ.setdefault("PROCESS_NAME", "catalog" if command == "serve" else f"catalog-{command}")
    try:
        execute_from_command_line(["python -m catalog", command.replace("-", "_"), *rest])
    except SettingsError as error:
        sys.exit(f"catalog: {error}")


if __name__ == "__main__":
    main()
