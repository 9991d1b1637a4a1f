"""One shopper's whole purchase through the gateway, told step by step, and what becomes of mishaps.

Exit status: 0 all promises were kept, 1 one was not, 2 the market does not answer.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tools import aftermath
from tools.books import Books, UnreadableBookError, parse
from tools.shopper import AwayError, DemoError, Person, Shopper
from tools.story import BUYING, MISHAPS, Cast, conclude
from tools.telling import Teller

BESIDE: tuple[Callable[[Cast], None], ...] = (
    aftermath.mail_came, aftermath.ask_the_stall, aftermath.trend, aftermath.earned,
)  # fmt: skip
MARKET = Path(__file__).resolve().parent.parent / "demo" / "market.yaml"
KEPT, BROKEN, AWAY = 0, 1, 2


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    tell = Teller()
    market = yaml.safe_load(MARKET.read_text(encoding="utf-8"))
    account = next((each for each in market["accounts"] if each["email"] == arguments.email), None)
    if account is None:
        tell.failure(f"{arguments.email} is no demo account", f"they stand in {MARKET.name}, as `accounts`")
        return BROKEN
    try:
        play(tell, arguments.gateway, account)
    except DemoError as error:
        tell.failure(str(error), error.advice)
        return AWAY if isinstance(error, AwayError) else BROKEN
    except UnreadableBookError as error:
        tell.failure(str(error), "make status shows what is not ready")
        return AWAY
    return KEPT


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m tools.demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--gateway", help="its address (default: that of the running market)")
    made.add_argument(
        "--email", default="shopper@bazaar.example", help="the demo account that buys (%(default)s)"
    )
    return made


def play(tell: Teller, gateway: str | None, account: dict[str, Any]) -> None:
    from native.modes import Mode

    addresses = Mode.detect().addresses()
    gateway = gateway or addresses.gateway
    started = time.monotonic()
    tell.title("Bazaar: one purchase, from the gateway to the ledger", f"everything goes through {gateway}")
    people = Shopper.at(gateway), Person.at(gateway)
    cast = Cast(tell, *people, book_reader(), account["email"], account["password"], addresses.mail)
    before = cast.books()
    for act in (*BUYING, *BESIDE, *MISHAPS):
        act(cast)
    conclude(cast, before)
    tell.good(f"all of this took {time.monotonic() - started:.0f} s")
    where_next(tell, gateway, addresses, account)


def book_reader() -> Callable[[], Books]:
    from tools.reading import from_running_market

    read = from_running_market()
    return lambda: parse("fulfillment", read("fulfillment").splitlines())


def where_next(tell: Teller, gateway: str, addresses: Any, account: dict[str, Any]) -> None:
    tell.table(
        ("", "what", "where"),
        [
            ("", "the market itself", f"{gateway}/   (in a browser; the same accounts)"),
            ("", "moderation of reviews", f"{gateway}/moderation/   (operator@bazaar.example)"),
            ("", "the API", f"{gateway}/api/catalog/products"),
            ("", "its documentation", f"{gateway}/api/catalog/docs, {gateway}/api/orders/openapi.json"),
            ("", "the back office", f"{gateway}/admin/ (kiln-street@bazaar.example, the same password)"),
            ("", "the mails it sent", f"{addresses.mail}/"),
            ("", "a stall's figures", f"{gateway}/dashboard (kiln-street@bazaar.example)"),
            ("", "Prometheus", f"{addresses.prometheus}/targets"),
            ("", "RabbitMQ", f"{addresses.rabbitmq_management}/"),
            ("", "the books", "make audit"),
        ],
        "Where to look next",
    )
    people = f"{account['email']}, operator@bazaar.example, kiln-street@bazaar.example"
    tell.table(
        ("", "who", "password"),
        [("", people, account["password"])],
        "Demo accounts (demo/market.yaml has them all)",
    )


if __name__ == "__main__":
    sys.exit(main())
