"""Where the market delivers: an address is taken or refused with the field that is wrong."""

import re
from dataclasses import asdict, dataclass
from typing import Any

from fulfillment.errors import AddressRejected, InvalidRequest

POSTAL_CODES: dict[str, re.Pattern[str]] = {
    "AT": re.compile(r"\d{4}"),
    "BE": re.compile(r"\d{4}"),
    "CZ": re.compile(r"\d{3} ?\d{2}"),
    "DE": re.compile(r"\d{5}"),
    "DK": re.compile(r"\d{4}"),
    "ES": re.compile(r"\d{5}"),
    "FI": re.compile(r"\d{5}"),
    "FR": re.compile(r"\d{5}"),
    "IE": re.compile(r"[A-Z]\d[\dW] ?[A-Z\d]{4}"),
    "IT": re.compile(r"\d{5}"),
    "LU": re.compile(r"\d{4}"),
    "NL": re.compile(r"\d{4} ?[A-Z]{2}"),
    "PL": re.compile(r"\d{2}-\d{3}"),
    "PT": re.compile(r"\d{4}-\d{3}"),
    "SE": re.compile(r"\d{3} ?\d{2}"),
}
REQUIRED = ("name", "line1", "postal_code", "city", "country")
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Address:
    name: str
    line1: str
    postal_code: str
    city: str
    country: str
    line2: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def parse_address(value: Any) -> Address:
    """An address of which nothing is known yet, judged by today's rules. InvalidRequest for what is no
    address at all, AddressRejected for a bad one.
    """
    address = shape_address(value)
    unknown = set(value) - {*REQUIRED, "line2"}
    if unknown:
        raise InvalidRequest({"field": f"address.{min(unknown)}", "reason": "is not known"})
    for name in REQUIRED:
        _must_be_text(value.get(name), name)
    if address.country not in POSTAL_CODES:
        raise AddressRejected({"field": "country", "reason": "the market does not deliver there"})
    if not POSTAL_CODES[address.country].fullmatch(address.postal_code.upper()):
        raise AddressRejected(
            {"field": "postal_code", "reason": f"is not a postal code of {address.country}"}
        )
    return address


def shape_address(value: Any) -> Address:
    """An address that was judged before: without white space around its fields, its country in capitals.
    What the rules say of it today makes no difference.
    """
    if not isinstance(value, dict):
        raise InvalidRequest({"field": "address", "reason": "must be an object"})
    fields = {name: str(value.get(name) or "").strip() for name in REQUIRED}
    fields["country"] = fields["country"].upper()
    line2 = value.get("line2")
    return Address(**fields, line2="" if line2 is None else str(line2)[:LONGEST])


def _must_be_text(value: Any, field: str) -> None:
    if not isinstance(value, str) or not value.strip():
        raise AddressRejected({"field": field, "reason": "must not be empty"})
    if len(value) > LONGEST:
        raise AddressRejected({"field": field, "reason": f"must not be longer than {LONGEST} characters"})
