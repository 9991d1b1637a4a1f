"""Jinja2: every template is there as HTML (escaped) and as text."""

from collections.abc import Mapping
from functools import cache
from typing import Any
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from notifications.domain.money import shown
from notifications.mails.draft import Draft


@cache
def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("notifications", "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["money"] = shown
    return made


def render(draft: Draft, public_url: str, pictures: Mapping[UUID, str]) -> tuple[str, str]:
    """(HTML, text). `pictures`: product → the address of its picture, for those that have one."""
    values: dict[str, Any] = {
        **draft.values,
        "subject": draft.subject,
        "market": public_url,
        "pictures": pictures,
    }
    html = environment().get_template(f"{draft.template}.html").render(values)
    text = environment().get_template(f"{draft.template}.txt").render(values)
    return html, text
