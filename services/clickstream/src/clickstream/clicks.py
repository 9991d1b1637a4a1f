"""What a page tells: the batch as it comes, its rules, and what is wrong with it by name.

One struct for each kind, tagged by `kind`: what a kind needs is said by its type, and msgspec refuses the
rest while it decodes.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec
from msgspec import Meta

from bazaar_shared.problems import FieldError

MAX_EVENTS = 100
OLDEST = timedelta(hours=24)
# clocks differ
AHEAD = timedelta(minutes=5)

Query = Annotated[str, Meta(min_length=1, max_length=200)]
Page = Annotated[str, Meta(min_length=1, max_length=500)]
Quantity = Annotated[int, Meta(ge=1, le=99)]
At = Annotated[datetime, Meta(tz=True, description="By the page's clock: at most 24 h old, 5 min ahead")]


class InvalidClicks(Exception):
    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = errors


class Click(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    kind: ClassVar[str]

    id: UUID
    at: At
    product_id: UUID | None = None
    query: Query | None = None
    quantity: Quantity | None = None
    order_id: UUID | None = None
    page: Page | None = None


class View(Click, tag="view"):
    """A page, or a product, was looked at."""

    kind: ClassVar[str] = "view"

    def __post_init__(self) -> None:
        if self.page is None and self.product_id is None:
            raise ValueError("a view needs `page` or `product_id`")


class Search(Click, tag="search", kw_only=True):
    kind: ClassVar[str] = "search"
    query: Query


class Add(Click, tag="add", kw_only=True):
    """A product was put into a basket."""

    kind: ClassVar[str] = "add"
    product_id: UUID


class Buy(Click, tag="buy", kw_only=True):
    kind: ClassVar[str] = "buy"
    order_id: UUID


KINDS = ("view", "search", "add", "buy")


class Batch(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`session_id` is left out where the cookie `bazaar_visit` says it."""

    events: Annotated[list[View | Search | Add | Buy], Meta(min_length=1, max_length=MAX_EVENTS)]
    session_id: UUID | None = None


def judge_times(batch: Batch, now: datetime) -> None:
    """Refuses what is too old or too far ahead, all of it by name; what is a little ahead becomes `now`."""
    errors = []
    for number, click in enumerate(batch.events):
        click.at = click.at.astimezone(UTC)
        if click.at < now - OLDEST:
            errors.append(FieldError(f"events[{number}].at", "too_old", "older than 24 hours"))
        elif click.at > now + AHEAD:
            errors.append(FieldError(f"events[{number}].at", "in_the_future", "more than 5 minutes ahead"))
        else:
            click.at = min(click.at, now)
    if errors:
        raise InvalidClicks(errors)


_PLACE = re.compile(r"^(?P<message>.*?)(?: - at `(?:key in )?\$\.?(?P<path>.*)`)?$", re.DOTALL)
_NAMED = re.compile(r"(?:missing required|contains unknown) field `(?P<name>.*)`")
_CODES = (
    ("missing required field", "missing"),
    ("contains unknown field", "unknown_field"),
    ("a view needs", "missing"),
    ("Expected", "invalid"),
    ("Invalid", "invalid"),
)


def what_is_wrong(error: msgspec.ValidationError) -> FieldError:
    """msgspec names the first fault, its place at the end of the text: "… - at `$.events[3].at`"."""
    found = _PLACE.match(str(error))
    message, path = (found["message"], found["path"] or "") if found else (str(error), "")
    named = _NAMED.search(message)
    if named:
        path = f"{path}.{named['name']}" if path else named["name"]
    code = next((code for start, code in _CODES if start in message), "invalid")
    return FieldError(path or "body", code, message)
