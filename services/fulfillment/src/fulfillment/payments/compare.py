"""Our books of payments beside the processor's: whatever differs is named. The processor is asked, its
database is not read.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TextIO

import requests
from sqlalchemy import text

from fulfillment.export import PAYMENTS
from fulfillment.settings import Settings
from fulfillment.storage import open_database

TIMEOUT = 10


@dataclass(frozen=True, slots=True)
class Difference:
    order_id: str
    what: str
    ours: Any
    theirs: Any


def compare(settings: Settings, out: TextIO) -> int:
    """Prints each difference as a line of JSON. Run it when nothing is under way: a capture in flight
    differs, rightly.
    """
    engine = open_database(settings.databases["payments"], connections=1)
    try:
        with engine.connect() as connection:
            ours = {row["order_id"]: dict(row) for row in connection.execute(text(PAYMENTS)).mappings()}
    finally:
        engine.dispose()
    found = list(differences(ours, processor_charges(settings.processor_url or "")))
    out.writelines(json.dumps({"kind": "difference", **_as_dict(difference)}) + "\n" for difference in found)
    out.write(json.dumps({"kind": "compared", "payments": len(ours), "differences": len(found)}) + "\n")
    return 1 if found else 0


def differences(
    ours: Mapping[str, Mapping[str, Any]], theirs: Mapping[str, Mapping[str, Any]]
) -> Iterator[Difference]:
    for order_id in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(order_id, {}), theirs.get(order_id, {})
        if other.get("captures", 0) > 1:
            yield Difference(order_id, "captures", min(mine.get("captured_minor", 0), 1), other["captures"])
        for what in ("captured_minor", "refunded_minor"):
            if mine.get(what, 0) != other.get(what, 0):
                yield Difference(order_id, what, mine.get(what, 0), other.get(what, 0))
        captured = mine.get("captured_minor", 0)
        if captured not in {0, mine.get("amount_minor", 0)}:
            yield Difference(order_id, "captured is not what was due", mine.get("amount_minor"), captured)


def processor_charges(url: str) -> dict[str, dict[str, Any]]:
    charges: dict[str, dict[str, Any]] = {}
    after = ""
    while True:
        response = requests.get(f"{url}/charges", params={"after": after}, timeout=TIMEOUT)
        response.raise_for_status()
        page = response.json()
        charges |= {row["order_id"]: row for row in page["items"]}
        if page["next"] is None:
            return charges
        after = page["next"]


def _as_dict(difference: Difference) -> dict[str, Any]:
    return {name: getattr(difference, name) for name in ("order_id", "what", "ours", "theirs")}
