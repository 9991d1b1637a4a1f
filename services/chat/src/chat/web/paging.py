"""The query's words for pages, and cursors that hold one position."""

from typing import Annotated

from msgspec import Meta

from bazaar_shared import pagination

Limit = Annotated[int, Meta(ge=1, le=pagination.MAX_LIMIT)]
Cursor = Annotated[str, Meta(max_length=1024)]

# what a column holds
_LARGEST = 2**63 - 1


def position(cursor: str, *names: str) -> tuple[str, int]:
    """The one of these names that the cursor has, and where."""
    place = pagination.decode(cursor)
    for name in names:
        if place.keys() == {name} and type(place[name]) is int and 0 <= place[name] <= _LARGEST:
            return name, place[name]
    raise pagination.InvalidCursor("the cursor belongs to another list")
