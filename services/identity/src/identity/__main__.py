"""python -m identity: serve (the default), migrate, seed, rotate-keys, export, openapi."""

import argparse
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from bazaar_shared import logs, telemetry
from bazaar_shared.settings import SettingsError
from identity.settings import Settings


def serve(settings: Settings) -> None:
    from identity.process import run

    run(settings)


def migrate(settings: Settings) -> None:
    from identity.process import prepare

    prepare(settings)


def seed(settings: Settings) -> None:
    from identity.accounts.passwords import Argon2Hasher
    from identity.commands.seed import seed_accounts
    from identity.persistence import make_engine
    from identity.process import prepare

    prepare(settings)
    if settings.demo_dir is None:
        sys.exit("DEMO_DIR names the folder of market.yaml: it is not set")
    with Session(make_engine(settings)) as db, db.begin():
        added = seed_accounts(db, settings.demo_dir, Argon2Hasher(), datetime.now(UTC))
    print(f"{added} demo accounts added", file=sys.stderr)


def rotate_keys(settings: Settings) -> None:
    from identity.keyring import Keyring
    from identity.persistence import make_engine
    from identity.tokens.keys import rotate

    with Session(make_engine(settings)) as db, db.begin():
        rotation = rotate(db, Keyring(settings.key_encryption_key), settings, datetime.now(UTC))
    said = "published" if rotation.is_new else "already waiting"
    print(
        f"key {rotation.kid} is {said}, it signs from {rotation.signs_from:%Y-%m-%dT%H:%M:%SZ}",
        file=sys.stderr,
    )


def export(settings: Settings) -> None:
    from identity.commands.export import export_accounts
    from identity.persistence import make_engine

    with Session(make_engine(settings)) as db, db.begin():
        export_accounts(db, sys.stdout)


COMMANDS: dict[str, tuple[Callable[[Settings], None], str]] = {
    "serve": (serve, "answer HTTP requests (the default)"),
    "migrate": (
        migrate,
        "bring the database up to date; make the first signing key; load the service accounts",
    ),
    "seed": (seed, "add the demo market's accounts (DEMO_DIR/market.yaml); twice is harmless"),
    "rotate-keys": (rotate_keys, "publish the next signing key; twice at once is harmless"),
    "export": (export, "write the accounts as NDJSON, without personal data"),
    "openapi": (lambda _: None, "print the contract; needs no settings and no database"),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m identity", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    for name, (_, described) in COMMANDS.items():
        commands.add_parser(name, help=described, description=described)
    command = parser.parse_args().command or "serve"
    warnings.filterwarnings(
        "ignore", message="pkg_resources is deprecated"
    )  # Pyramid's matter, at each start
    if command == "openapi":
        from identity.contract.specification import specification

        print(json.dumps(specification(), indent=2, sort_keys=True, ensure_ascii=False))
        return
    try:
        settings = Settings.from_environment(os.environ, command=command)
    except SettingsError as error:
        sys.exit(f"identity: {error}")
    if command != "export":  # its lines are the books, and stand alone on stdout
        logs.configure("identity", settings.process_name, settings.log_level)
        logging.getLogger("alembic.runtime").setLevel(logging.WARNING)
    telemetry.configure("identity", settings.process_name)
    COMMANDS[command][0](settings)


if __name__ == "__main__":
    main()
