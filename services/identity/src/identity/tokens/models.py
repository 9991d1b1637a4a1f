from datetime import datetime

from sqlalchemy import DateTime, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from identity.persistence import Base


class SigningKey(Base):
    """An Ed25519 pair that all replicas share. Its private half is sealed, and goes when it is not needed."""

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(Text, primary_key=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_private_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    signs_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    # Known once a successor is: null for the newest key.
    published_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
