"""What the audit names: one difference, and both figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Fault:
    """One difference: which rule, whose, in which books, and both figures."""

    rule: str
    subject: str  # "order 5f0c…", "product …", "account …"
    books: str  # "orders / payments"
    expected: str
    found: str

    def __str__(self) -> str:
        what = f"{self.rule} ({self.books})"
        return f"{self.subject}: {what}: expected {self.expected}, found {self.found}"


def differs(rule: str, subject: str, books: str, expected: int, found: int) -> Iterator[Fault]:
    if expected != found:
        yield Fault(rule, subject, books, str(expected), str(found))
