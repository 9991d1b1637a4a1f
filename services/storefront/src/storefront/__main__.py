"""python -m storefront <command>."""

import argparse
import os
import sys

import uvloop

from bazaar_shared import logs, telemetry
from bazaar_shared.settings import SettingsError
from storefront.settings import load

SERVICE = "storefront"
COMMANDS = {"serve": "the pages (default)"}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m storefront",
        description="Bazaar's pages. Settings come from the environment: see README.md.",
        epilog="\n".join(f"  {name:<10} {text}" for name, text in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", default="serve", choices=list(COMMANDS), metavar="command")
    parser.parse_args(arguments)
    try:
        settings = load(os.environ)
    except SettingsError as error:
        print(f"storefront: {error}", file=sys.stderr)
        return 2
    logs.configure(SERVICE, settings.process_name, settings.log_level)
    telemetry.configure(SERVICE, settings.process_name)

    from storefront.process import serve

    uvloop.run(serve(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
