from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from pyramid.authorization import Allow
from sqlalchemy import CheckConstraint, DateTime, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from zope.interface import implementer

from identity.persistence import Base
from identity.security.interfaces import IConcealed


class Role(StrEnum):
    SHOPPER = "shopper"
    SELLER = "seller"
    OPERATOR = "operator"


class AccountState(StrEnum):
    ACTIVE = "active"
    ERASED = "erased"


@implementer(IConcealed)
class Account(Base):
    """A person. An erased account keeps its id, so that books that name it still add up, and nothing else."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("roles <@ array['shopper', 'seller', 'operator']", name="known_roles"),
        CheckConstraint("email = lower(email)", name="lower_case_email"),
        CheckConstraint(
            """(state = 'active' and erased_at is null and num_nulls(email, display_name, password_hash) = 0)
            or (state = 'erased' and erased_at is not null
                and num_nonnulls(email, display_name, password_hash) = 0)""",
            name="erased_keeps_no_personal_data",
        ),
        Index("ix_accounts_newest_first", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str | None] = mapped_column(Text, unique=True)
    display_name: Mapped[str | None] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    state: Mapped[str] = mapped_column(Text, default=AccountState.ACTIVE)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    erased_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    def __acl__(self) -> list[tuple[Any, ...]]:
        return [
            (Allow, f"account:{self.id}", ("view", "erase")),
            (Allow, "role:operator", "view"),
            (
                Allow,
                "role:service",
                "view",
            ),  # whoever writes to people asks here, and keeps no copy (docs/adr/0018)
        ]

    def erase(self, now: datetime) -> None:
        self.email = self.display_name = self.password_hash = None
        self.roles = []
        self.state = AccountState.ERASED
        self.erased_at = now
