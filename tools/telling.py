"""How the demo speaks: colours and tables on a terminal, plain lines elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

type Json = dict[str, Any]

# who does what in the saga
FRAMEWORKS = {"orders": "FastAPI", "inventory": "Nameko", "payments": "Nameko", "shipping": "Nameko"}
MEANING = {
    "reserve_stock": "every line is put aside, or none",
    "quote_shipping": "the address is checked, each stall's parcel is priced",
    "authorize_payment": "the money is held on the card",
    "capture_payment": "the money is taken: from here on there is no way back but a refund",
    "commit_stock": "what was put aside is sold",
    "book_parcels": "one parcel for each stall",
    "release_stock": "what was put aside goes back on the shelf",
    "void_payment": "the hold on the card is given up",
    "withdraw_parcels": "the parcels are called back, none has left",
    "restock": "what was sold is for sale again",
    "refund_payment": "the money goes back",
    "cancel": "the shopper's wish is noted",
}
MARKS = {"done": "[green]✓[/]", "refused": "[yellow]✗[/]", "unknown": "[magenta]?[/]"}


def money(minor: int, currency: str = "EUR") -> str:
    return f"{minor / 100:,.2f} {currency}"


class Teller:
    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        if console is None and not self.console.is_terminal:
            self.console = Console(highlight=False, width=140)  # a log has no edge to wrap at
        self.acts = 0

    @property
    def live(self) -> bool:
        return self.console.is_terminal

    def title(self, text: str, below: str) -> None:
        if self.live:
            self.console.print(
                Panel.fit(f"[bold]{escape(text)}[/]\n[dim]{escape(below)}[/]", border_style="cyan")
            )
        else:
            self.console.print(f"{text}\n{below}", markup=False)

    def act(self, text: str) -> None:
        self.acts += 1
        self.console.print(f"\n[bold cyan]{self.acts}. {escape(text)}[/]", soft_wrap=True)

    def say(self, text: str, style: str = "") -> None:
        self.console.print(f"   {text}", style=style, markup=False, soft_wrap=True)

    def good(self, text: str) -> None:
        self.console.print(f"   [green]✓[/] {escape(text)}", soft_wrap=True)

    def failure(self, what: str, advice: str) -> None:
        self.console.print(f"\n[bold red]✗ {escape(what)}[/]\n  {escape(advice)}", soft_wrap=True)

    def step(self, step: Json) -> None:
        """One line of the journal: which service, which framework, how long."""
        service, name = step["service"], step["step"]
        attempt = f", try {step['attempt']}" if step["attempt"] > 1 else ""
        who = f"{service} · {FRAMEWORKS.get(service, '?')}{attempt}"
        mark = MARKS.get(step["outcome"], "[yellow]·[/]")
        meaning = MEANING.get(name, "") if step["outcome"] == "done" else outcome_of(step)
        self.console.print(
            f"   {mark} {name:<18} [cyan]{who:<20}[/] {milliseconds(step):>7}  [dim]{escape(meaning)}[/]",
            soft_wrap=True,
        )

    def products(self, products: list[Json]) -> None:
        self.table(
            ("", "product", "stall", "price", "in stock"),
            [
                (
                    "",
                    each["name"],
                    each["seller"]["name"],
                    money(each["price_minor"], each["currency"]),
                    stock(each),
                )
                for each in products
            ],
        )

    def table(self, headings: tuple[str, ...], rows: list[tuple[str, ...]], title: str | None = None) -> None:
        if title:
            self.console.print(f"\n   [bold]{escape(title)}[/]")
        table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim")
        for number, heading in enumerate(headings):
            table.add_column(heading, justify="right" if number > 1 and heading in NUMBERS else "left")
        for row in rows:
            table.add_row(*(escape(cell) for cell in row))
        self.console.print(table)


OUTCOMES = {
    "unknown": "no answer: asked again, it may have happened",
    "lost": "the worker was lost: another takes over",
    "expired": "too late: all is undone",
}


def outcome_of(step: Json) -> str:
    detail = step["detail"] or {}
    why = detail.get("reason") or detail.get("error")
    words = OUTCOMES.get(step["outcome"], str(step["outcome"]))
    return f"{words} ({why})" if why else words


NUMBERS = {"price", "in stock", "quantity", "amount", "before", "after", "change", "on hand", "reserved"}


def stock(product: Json) -> str:
    return "?" if product["available"] is None else str(product["available"])


def milliseconds(step: Json) -> str:
    started, finished = (datetime.fromisoformat(step[name]) for name in ("started_at", "finished_at"))
    return f"{(finished - started).total_seconds() * 1000:.0f} ms"
