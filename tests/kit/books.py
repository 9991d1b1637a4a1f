"""The services' books, as each exports them to operators, in a shape that tests ask questions of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from native.modes import Mode

Row = dict[str, Any]


def export(service: str) -> list[Row]:
    """The lines that `python -m <service> export` prints in the running mode."""
    text = Mode.detect().exec(service, ["python", "-m", service, "export"])
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@dataclass(frozen=True)
class Books:
    rows: list[Row]

    @cached_property
    def _by(self) -> dict[tuple[str, str], Row]:
        keys = {
            "stock": "product_id",
            "payment": "order_id",
            "processor_charge": "order_id",
            "reservation": "order_id",
        }
        return {(row["kind"], row[keys[row["kind"]]]): row for row in self.rows if row["kind"] in keys}

    def payment(self, order_id: str) -> Row | None:
        return self._by.get(("payment", order_id))

    def reservation(self, order_id: str) -> Row | None:
        return self._by.get(("reservation", order_id))

    def available(self, product_id: str) -> int:
        stock = self._by["stock", product_id]
        return stock["on_hand"] - stock["reserved"]

    def processor_captures(self, order_id: str) -> int:
        return self._by.get(("processor_charge", order_id), {}).get("captures", 0)

    def processor_net(self, order_id: str) -> int:
        charge = self._by.get(("processor_charge", order_id), {})
        return charge.get("captured_minor", 0) - charge.get("refunded_minor", 0)


def read_books() -> Books:
    return Books(export("fulfillment"))
