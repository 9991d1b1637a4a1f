"""What the API takes in, and what it refuses."""

from typing import Any

import pytest
from marshmallow import ValidationError
from reviews.api.schemas import MAX_IDS, ProductReviewsQuery, ReviewWrite, SummariesQuery
from reviews.reviewing import Words

GOOD = {"rating": 5, "title": "Good", "body": "Very good.", "author_name": "Ada"}


def refusal_of(schema: Any, data: dict[str, Any]) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refusal:
        schema.load(data)
    messages: dict[str, list[str]] = refusal.value.messages
    return messages


def test_a_review_becomes_words_without_white_space_around():
    words = ReviewWrite().load(GOOD | {"title": "  Good \n", "body": "One.\n\nTwo.\t"})

    assert words == Words(5, "Good", "One.\n\nTwo.", "Ada")


def test_the_body_may_be_left_out():
    assert ReviewWrite().load({name: GOOD[name] for name in ("rating", "title", "author_name")}).body == ""


@pytest.mark.parametrize("rating", [0, 6, -1, "5", 4.5, 5.0, True, None, [5], 10**30])
def test_stars_are_whole_numbers_from_one_to_five(rating: Any):
    assert list(refusal_of(ReviewWrite(), GOOD | {"rating": rating})) == ["rating"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "   "),
        ("title", "x" * 121),
        ("title", "a\x00b"),
        ("title", 5),
        ("title", None),
        ("body", "x" * 4001),
        ("body", "a\x00b"),
        ("body", "half a character: \ud83d"),
        ("body", "\x1b[31m"),
        ("author_name", ""),
        ("author_name", "x" * 61),
        ("author_name", {"name": "Ada"}),
    ],
)
def test_texts_have_limits(field: str, value: Any):
    assert list(refusal_of(ReviewWrite(), GOOD | {field: value})) == [field]


def test_the_limits_themselves_are_allowed():
    words = ReviewWrite().load({"rating": 1, "title": "x" * 120, "body": "y" * 4000, "author_name": "z" * 60})

    assert (len(words.title), len(words.body), len(words.author_name)) == (120, 4000, 60)


def test_what_is_not_known_is_refused_not_ignored():
    assert refusal_of(ReviewWrite(), GOOD | {"status": "published"}) == {"status": ["Unknown field."]}
    assert refusal_of(ProductReviewsQuery(), {"order": "newest"}) == {"order": ["Unknown field."]}


def test_a_body_that_is_no_object_is_refused():
    assert refusal_of(ReviewWrite(), [GOOD]) == {"_schema": ["Invalid input type."]}  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", ["0", "101", "many", "", "1.5"])
def test_a_page_has_between_one_and_a_hundred_items(limit: str):
    assert list(refusal_of(ProductReviewsQuery(), {"limit": limit})) == ["limit"]


def test_ids_stand_between_commas():
    one, other = "0b6ad7d2-7c2f-5f0e-8a55-3a1c7f0a9d01", "5f3c8f0e-36f5-5d4c-9f9d-0b8b7f6f2a10"

    assert [str(found) for found in SummariesQuery().load({"ids": f"{one},{other}"})["ids"]] == [one, other]


@pytest.mark.parametrize("ids", ["", "x", ",", "0b6ad7d2-7c2f-5f0e-8a55-3a1c7f0a9d01,"])
def test_ids_that_are_none_are_refused(ids: str):
    assert list(refusal_of(SummariesQuery(), {"ids": ids})) == ["ids"]


def test_no_more_than_a_hundred_ids():
    many = ",".join(["0b6ad7d2-7c2f-5f0e-8a55-3a1c7f0a9d01"] * (MAX_IDS + 1))

    assert list(refusal_of(SummariesQuery(), {"ids": many})) == ["ids"]
