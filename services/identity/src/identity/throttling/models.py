from datetime import datetime

from sqlalchemy import DateTime, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from identity.persistence import Base


class ThrottleBucket(Base):
    """How far somebody has run ahead of the allowed rate. `subject` is a pseudonym: no address is kept."""

    __tablename__ = "throttle_buckets"

    scope: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    paid_until: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
