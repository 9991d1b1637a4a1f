"""The pages' forms. Those that change something are FlaskForms, whose token CSRFProtect has checked before
the view.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask_wtf import FlaskForm
from wtforms import Form, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined] # newer than the stubs
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from reviews.models import STARS

REASONS: Mapping[str, str] = {
    "offensive": "Insults or threatens somebody",
    "personal_data": "Tells personal data",
    "advertising": "Advertises something else",
    "off_topic": "Is not about the product",
    "other": "Another reason",
}


def _choices(labels: Mapping[str, str]) -> list[Any]:
    return [SelectChoice(value, label) for value, label in labels.items()]


def _strip(text: str | None) -> str | None:
    return text.strip() if text else text


def _printable(_form: Form, field: StringField) -> None:
    if "\x00" in (field.data or ""):
        raise ValidationError("Control characters are not allowed.")


class HideForm(FlaskForm):
    reason = SelectField("Why it is hidden", choices=_choices({"": "Choose a reason", **REASONS}))
    note = StringField("Note for colleagues", filters=[_strip], validators=[Length(max=300), _printable])

    def validate_reason(self, field: SelectField) -> None:
        if not field.data:
            raise ValidationError("A reason is required.")

    def validate_note(self, field: StringField) -> None:
        if self.reason.data == "other" and not field.data:
            raise ValidationError("Say what the other reason is.")

    @property
    def words(self) -> str:
        """As the log keeps it."""
        return ": ".join(filter(None, (REASONS[self.reason.data], self.note.data)))


class HideManyForm(HideForm):
    ids = SelectMultipleField(
        "Reviews",
        coerce=UUID,
        validate_choice=False,  # some of the list may be gone by now; the verb takes those that are left
        validators=[InputRequired("Choose at least one review."), Length(max=100)],
    )


class ShowForm(FlaskForm):
    reason = StringField(
        "Why it may be seen again",
        filters=[_strip],
        validators=[InputRequired("A reason is required."), Length(1, 300), _printable],
    )


def _uuid_or_none(text: Any) -> UUID | None:
    return UUID(text.strip()) if isinstance(text, str) and text.strip() else None


class FilterForm(Form):
    """The list's query string. A plain form: reading needs no CSRF token."""

    status = SelectField(
        "State",
        choices=_choices({"published": "Published", "hidden": "Hidden", "all": "All"}),
        default="published",
    )
    rating = SelectField(
        "Stars", choices=_choices({"": "Any", **{str(star): str(star) for star in STARS}}), default=""
    )
    product_id = StringField(
        "Product's id", filters=[_strip], validators=[Optional(), Length(max=36)], default=""
    )
    cursor = StringField(validators=[Optional(), Length(max=1024)], default="")

    def validate_product_id(self, field: StringField) -> None:
        try:
            _uuid_or_none(field.data)
        except ValueError as error:
            raise ValidationError("That is no product's id.") from error

    def chosen(self, *, cursor: str | None = None) -> dict[str, Any]:
        """What makes the address of this list again; of its first page, unless a cursor is given."""
        chosen = {name: self.data[name] for name in ("status", "rating", "product_id") if self.data[name]}
        return chosen | ({"cursor": cursor} if cursor else {})
