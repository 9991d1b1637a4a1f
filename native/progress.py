"""What happens while one waits: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

PATIENCE = 10.0
# 80 columns, the default without a terminal, would cut the tables
console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)


@dataclass
class Item:
    started: float = field(default_factory=time.monotonic)
    note: str = ""
    ended: float | None = None
    failed: bool = False

    @property
    def seconds(self) -> float:
        return (self.ended or time.monotonic()) - self.started


class Progress:
    """Named things that take their time; safe to use from several threads."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.items: dict[str, Item] = {}
        self._lock = threading.Lock()
        self._live = console.is_terminal
        self._spinner = Spinner("dots")
        self._told = time.monotonic()

    def begin(self, name: str, note: str = "") -> None:
        with self._lock:
            self.items[name] = Item(note=note)

    def note(self, name: str, note: str) -> None:
        self.items[name].note = note
        # without a terminal what takes long is told now and then, in one line
        if not self._live and time.monotonic() - self._told > PATIENCE:
            self._told = time.monotonic()
            waiting = [f"{name} ({item.note})" for name, item in self.items.items() if item.ended is None]
            say(f"  … {', '.join(waiting)}")

    def done(self, name: str, note: str = "ready", *, failed: bool = False) -> None:
        item = self.items[name]
        item.ended, item.note, item.failed = time.monotonic(), note, failed
        if not self._live:
            say(f"  {name}: {note} ({item.seconds:.1f} s)")

    def __rich__(self) -> Group:
        table = Table.grid(padding=(0, 2))
        for name, item in self.items.items():
            table.add_row(self._mark(item), name, f"{item.seconds:5.1f} s", Text(item.note, style="dim"))
        return Group(Text(self.title, style="bold"), table)

    def _mark(self, item: Item) -> Text | Spinner:
        if item.ended is None:
            return self._spinner
        return Text("✗", style="red") if item.failed else Text("✓", style="green")


@contextmanager
def showing(title: str) -> Iterator[Progress]:
    progress = Progress(title)
    if not console.is_terminal:
        say(title)
        yield progress
        return
    with Live(progress, console=console, refresh_per_second=8):
        yield progress


def say(text: str = "") -> None:
    console.print(text, markup=False, soft_wrap=True)


def complain(text: str) -> None:
    print(text, file=sys.stderr)
