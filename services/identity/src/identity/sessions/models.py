from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from pyramid.authorization import Allow
from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column
from zope.interface import implementer

from identity.persistence import Base
from identity.security.interfaces import IConcealed


class Ended(StrEnum):
    SIGNED_OUT = "signed_out"
    BY_OWNER = "ended_by_owner"
    TOKEN_REUSED = "token_reused"  # noqa: S105 -- a reason
    ACCOUNT_ERASED = "account_erased"


@implementer(IConcealed)
class AccountSession(Base):
    """One sign-in and the family of refresh tokens that comes from it (docs/adr/0012).

    No token is stored. `generation` says which of the family is current, `secret` and the keyring make it.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("generation >= 1", name="generation_counts_from_one"),
        CheckConstraint("(ended_at is null) = (ended_because is null)", name="an_end_has_a_reason"),
        Index(
            "ix_sessions_living", "account_id", "created_at", "id", postgresql_where=text("ended_at is null")
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    generation: Mapped[int] = mapped_column(default=1)
    rotated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    user_agent: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_because: Mapped[str | None] = mapped_column(Text)

    def __acl__(self) -> list[tuple[Any, ...]]:
        return [(Allow, f"account:{self.account_id}", ("view", "end"))]

    def is_living(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.expires_at

    def end(self, because: Ended, now: datetime) -> None:
        """The first reason stands: a second end changes nothing."""
        if self.ended_at is None:
            self.ended_at, self.ended_because = now, because
            self.user_agent = None  # nobody needs to recognise it any more
