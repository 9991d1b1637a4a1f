"""A mail before it is rendered: what it says, and which pictures it would like to show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from notifications.domain.intents import Template

# pixels of a square; shown at half of that, for screens with two to one
ROW, LINE, HERO = 96, 128, 360
SIZES = (ROW, LINE, HERO)
MOST_PICTURES = 8


@dataclass(frozen=True, slots=True)
class Attachment:
    filename: str
    content: bytes
    subtype: str = "pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    template: Template
    subject: str
    values: Mapping[str, Any]
    # product → the name of its picture in catalog
    pictures: Mapping[UUID, str] = field(default_factory=dict)
    size: int = LINE
    attachments: tuple[Attachment, ...] = ()
