"""What operators did to reviews: who, when, why. Rows are only ever added."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Enum, ForeignKey, Identity, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from reviews.models.base import Base


class Action(StrEnum):
    HIDE = "hide"
    SHOW = "show"


class ModerationEntry(Base):
    __tablename__ = "moderation_log"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    review_id: Mapped[UUID] = mapped_column(ForeignKey("reviews.id"))
    action: Mapped[Action] = mapped_column(
        Enum(
            Action, native_enum=False, create_constraint=True, name="action", values_callable=list, length=16
        )
    )
    reason: Mapped[str]
    moderator_id: Mapped[UUID]
    # the review's version that the action made: which text the operator judged can be told from it
    review_version: Mapped[int]
    at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("ix_moderation_log_review", "review_id", "id"),)
