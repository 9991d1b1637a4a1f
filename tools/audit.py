"""Reconciles the market's books and names what differs.

Exit status: 0 clean, 1 faults, 2 a book can't be read.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from tools.books import UnreadableBookError
from tools.faults import Fault
from tools.judging import Verdict, judge
from tools.reading import PARTICIPANTS, Read, Reading, from_running_market, read_books, services_of_the_market

CLEAN, FAULTS, UNREADABLE = 0, 1, 2
SHOWN = 20
PAUSE = 1.0

type Lags = Callable[[], dict[str, int]]


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    services = services_of_the_market()
    try:
        if arguments.settled:
            verdict = settled_audit(
                from_running_market(),
                kafka_lags(services),
                within=arguments.within,
                overdue=arguments.overdue,
                services=services,
            )
        else:
            verdict = audit(from_running_market(), overdue=arguments.overdue, services=services)
    except UnreadableBookError as error:
        print(f"The audit can't be made: {error}", file=sys.stderr)
        print("Does the market run? `make status` shows it, `make up` starts it.", file=sys.stderr)
        return UNREADABLE
    if arguments.json:
        print(json.dumps(as_json(verdict), indent=2))
    else:
        show(verdict, console())
    return FAULTS if verdict.faults else CLEAN


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m tools.audit", description=__doc__)
    made.add_argument(
        "--settled", action="store_true", help="first wait until outboxes and lag are zero and no order moves"
    )
    made.add_argument(
        "--within",
        type=float,
        default=60,
        metavar="S",
        help="how long --settled waits at most (default 60 s)",
    )
    made.add_argument(
        "--overdue",
        type=float,
        default=180,
        metavar="S",
        help="an order that moves for longer, or an event that waits, is a fault (default 180 s)",
    )
    made.add_argument("--json", action="store_true", help="the verdict as one JSON document")
    return made


def audit(read: Read, *, overdue: float, services: Collection[str] = PARTICIPANTS) -> Verdict:
    return judged(read_books(read, services), overdue=overdue)


def judged(reading: Reading, *, overdue: float, announced: Collection[str] = ()) -> Verdict:
    return judge(
        reading.before,
        reading.participants,
        reading.after,
        now=datetime.now(UTC),
        overdue=overdue,
        announced=announced,
    )


def settled_audit(
    read: Read,
    lags: Lags,
    *,
    within: float,
    overdue: float,
    services: Collection[str] = PARTICIPANTS,
    pause: float = PAUSE,
) -> Verdict:
    """Waits for the market to come to rest, then judges. What does not come to rest in time is a fault.

    Nothing waits in the books, then nothing in Kafka: only what is read after both shows all that was under
    way. So it is the second quiet reading in a row that is judged.

    Parcels go on by a clock of their own: after many purchases some leave or arrive in every reading. When
    the time is up an order that only did that is no unrest (it is moving, and not judged); what its news
    keep busy may take as long again.
    """
    deadline = time.monotonic() + within
    announced: Collection[str] | None = None  # the products of the quiet reading before
    while True:
        now = time.monotonic()
        late = now >= deadline
        try:
            reading = read_books(read, services)
            verdict = judged(reading, overdue=overdue, announced=announced or ())
            waiting = what_is_on_its_way(reading, lags(), verdict, parcels=not late)
        except UnreadableBookError:
            # after a fault a service may still be on its way back
            if late:
                raise
            announced = None
        else:
            if not waiting and announced is not None:
                return verdict
            busy = any(each.by_parcels for each in verdict.moving) and now < deadline + within
            if waiting and late and not busy:
                return unsettled(verdict, waiting, within)
            announced = None if waiting else reading.participants.active_products()
        if announced is None:
            time.sleep(pause)


def what_is_on_its_way(
    reading: Reading, lags: dict[str, int], verdict: Verdict, *, parcels: bool
) -> dict[str, str]:
    waiting = {f"outbox {name}": f"{unsent} unsent" for name, unsent in reading.unsent.items()}
    waiting |= {f"consumer {name}": f"{lag} not handled" for name, lag in lags.items()}
    moving = [each for each in verdict.moving if parcels or not each.by_parcels]
    return waiting | {each.subject: each.where for each in moving}


def unsettled(verdict: Verdict, waiting: dict[str, str], within: float) -> Verdict:
    late = [
        Fault(f"not settled within {within:.0f} s", subject, "all", "rest", found)
        for subject, found in waiting.items()
    ]
    verdict.faults = sorted({*verdict.faults, *late})
    return verdict


def kafka_lags(services: Collection[str]) -> Lags:
    from native.modes import Mode
    from tools.lag import GROUPS, lags

    bootstrap = Mode.detect().addresses().kafka
    groups = {group: topics for group, topics in GROUPS.items() if group in services}
    return lambda: lags(bootstrap, groups)


def as_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "clean": not verdict.faults,
        "orders": dict(sorted(verdict.statuses.items())),
        "judged": verdict.judged,
        "mails": dict(sorted(verdict.mails.items())),
        "faults": [asdict(fault) for fault in verdict.faults],
        "moving": [asdict(each) for each in verdict.moving],
        "totals": {name: dict(amounts) for name, amounts in vars(verdict.totals).items()},
    }


# --- for people -----------------------------------------------------------------------------------


def show(verdict: Verdict, out: Console) -> None:
    out.print(summary(verdict))
    for currency in sorted(verdict.totals.due):
        out.print(money_line(verdict, currency))
    if verdict.mails:
        out.print(f"Mails:  {counted(verdict.mails)}")
    if verdict.moving:
        out.print(f"\nMoving, not judged yet: {len(verdict.moving)}", style="yellow")
        for each in verdict.moving[:SHOWN]:
            out.print(f"  {each.subject}: {each.where}", style="dim")
        more(out, len(verdict.moving))
    if verdict.faults:
        out.print(faults_table(verdict))
        more(out, len(verdict.faults))
        out.print(f"\n✗ The books differ: {len(verdict.faults)} faults.", style="bold red")
    else:
        out.print("\n✓ The books are clean.", style="bold green")


def console() -> Console:
    """As wide as the terminal; where there is none, wide enough for a fault's line."""
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=160)


def summary(verdict: Verdict) -> str:
    count = sum(verdict.statuses.values())
    return (
        f"Orders: {count} ({counted(verdict.statuses) or 'none yet'}); judged by the table: {verdict.judged}"
    )


def counted(states: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(states.items()))


def money_line(verdict: Verdict, currency: str) -> str:
    amounts = (verdict.totals.due, verdict.totals.ledger, verdict.totals.processor)
    due, ledger, processor = (f"{each[currency] / 100:,.2f}" for each in amounts)
    return f"Money:  {currency} due {due} · in the ledger {ledger} · at the processor {processor}"


def faults_table(verdict: Verdict) -> Table:
    table = Table("whose", "what", "books", "expected", "found", title="Faults", title_style="bold red")
    for fault in verdict.faults[:SHOWN]:
        table.add_row(fault.subject, fault.rule, fault.books, fault.expected, fault.found)
    return table


def more(out: Console, count: int) -> None:
    if count > SHOWN:
        out.print(f"  … and {count - SHOWN} more (all of them with --json)", style="dim")


if __name__ == "__main__":
    sys.exit(main())
