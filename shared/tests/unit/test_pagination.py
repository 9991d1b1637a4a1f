import base64
import json

import pytest

from bazaar_shared.pagination import InvalidCursor, decode, encode, page

POSITION = {"created_at": "2026-11-21T08:00:00Z", "id": "7", "rank": 3}
SHAPE = {"created_at": str, "id": str, "rank": int}


def test_a_cursor_gives_its_position_back() -> None:
    assert decode(encode(POSITION), SHAPE) == POSITION


def test_a_cursor_can_stand_in_a_url() -> None:
    assert set(encode({"name": "Ünter/+?&" * 9})) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "!",
        "a",
        "ä",
        "e30x",
        "A" * 1025,
        base64.urlsafe_b64encode(b"[1]").decode(),
        base64.urlsafe_b64encode(b"\xff").decode(),
        base64.urlsafe_b64encode(b"[" * 700).decode(),
    ],
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        decode(cursor)


@pytest.mark.parametrize(
    "change", [{"rank": "3"}, {"rank": True}, {"id": None}, {"more": 1}, {"rank": 3.0}, {"id": ["7"]}]
)
def test_a_cursor_of_another_shape_is_refused(change: dict[str, object]) -> None:
    forged = base64.urlsafe_b64encode(json.dumps(POSITION | change).encode()).decode()
    with pytest.raises(InvalidCursor):
        decode(forged, SHAPE)


def test_a_cursor_that_lacks_a_part_is_refused() -> None:
    with pytest.raises(InvalidCursor):
        decode(encode({"id": "7"}), SHAPE)


def test_a_page() -> None:
    assert page((1, 2), None) == {"items": [1, 2], "next_cursor": None}
    assert page([], "abc") == {"items": [], "next_cursor": "abc"}
