"""What goes in and out, as marshmallow schemas. In: unknown fields are refused, numbers are numbers. OpenAPI
comes from the same classes (openapi.py), so the contract can't say anything else.
"""

from typing import Any
from uuid import UUID

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, pre_load, validate

from bazaar_shared.pagination import DEFAULT_LIMIT, MAX_LIMIT
from reviews.models import STARS, RatingSummary, Review, Status
from reviews.reviewing import Words

MAX_IDS = 100


class Strict(Schema):
    class Meta:
        unknown = RAISE  # marshmallow's default, said aloud: it is a promise of the API


class Text(fields.String):
    """A text that PostgreSQL can hold and a page can show, without white space at its ends."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if any(_is_unprintable(character) for character in text):
            raise ValidationError("Control characters and halves of characters are not allowed.")
        return text.strip()


def _is_unprintable(character: str) -> bool:
    # NUL can't be stored, a lone surrogate can't be encoded
    return (
        (character < " " and character not in "\t\r\n")
        or character == "\x7f"
        or "\ud800" <= character <= "\udfff"
    )


class ReviewWrite(Strict):
    """What a shopper says of a product."""

    rating = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, 5),
        metadata={"description": "Stars, whole ones."},
    )
    title = Text(required=True, validate=validate.Length(1, 120))
    body = Text(load_default="", validate=validate.Length(max=4000))
    author_name = Text(
        required=True,
        validate=validate.Length(1, 60),
        metadata={"description": "As it is shown; any name will do."},
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Words:
        return Words(**data)


class ReviewSchema(Schema):
    """A review as its readers see it."""

    id = fields.UUID(required=True)
    product_id = fields.UUID(required=True)
    rating = fields.Integer(required=True, validate=validate.Range(1, 5))
    title = fields.String(required=True)
    body = fields.String(required=True)
    author_name = fields.String(required=True)
    status = fields.Enum(Status, by_value=True, required=True)
    version = fields.Integer(required=True, metadata={"minimum": 1, "description": "Grows with each change."})
    mine = fields.Method("is_mine", required=True, metadata={"type": "boolean"})
    created_at = fields.AwareDateTime(required=True)
    updated_at = fields.AwareDateTime(required=True)

    def __init__(self, *, reader: UUID | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._reader = reader

    def is_mine(self, review: Review) -> bool:
        return review.shopper_id == self._reader


class ReviewPage(Schema):
    items = fields.List(fields.Nested(ReviewSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class SummarySchema(Schema):
    """The ratings of a product's published reviews."""

    product_id = fields.UUID(required=True)
    count = fields.Integer(required=True, metadata={"minimum": 0})
    average = fields.Float(
        required=True, allow_none=True, metadata={"description": "Two decimals; null without reviews."}
    )
    histogram = fields.Method(
        "stars",
        required=True,
        metadata={
            "type": "object",
            "properties": {str(star): {"type": "integer", "minimum": 0} for star in STARS},
            "required": [str(star) for star in STARS],
            "additionalProperties": False,
        },
    )

    def stars(self, summary: RatingSummary) -> dict[str, int]:
        return {str(star): count for star, count in summary.histogram.items()}


class SummaryList(Schema):
    items = fields.List(fields.Nested(SummarySchema), required=True)
    next_cursor = fields.String(
        required=True, allow_none=True, metadata={"description": "Always null: one page."}
    )


class MyReviewSchema(Schema):
    """May the caller review the product, and if not, why."""

    may_review = fields.Boolean(required=True)
    reason = fields.String(
        required=True, allow_none=True, validate=validate.OneOf(["not_bought", "already_reviewed", None])
    )
    review = fields.Nested(ReviewSchema, required=True, allow_none=True)


# -- query strings: validated like bodies, for a filter with a typing error must not find everything ---------


class PageQuery(Strict):
    limit = fields.Integer(load_default=DEFAULT_LIMIT, validate=validate.Range(1, MAX_LIMIT))
    cursor = fields.String(metadata={"description": "The `next_cursor` of the page before."})


class ProductReviewsQuery(PageQuery):
    ordering = fields.String(load_default="newest", validate=validate.OneOf(["newest", "highest", "lowest"]))


class SummariesQuery(Strict):
    ids = fields.List(
        fields.UUID(),
        required=True,
        validate=validate.Length(1, MAX_IDS),
        metadata={"description": "Products, with commas between them."},
    )

    @pre_load
    def split(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**data, "ids": data["ids"].split(",")} if data.get("ids") else data
