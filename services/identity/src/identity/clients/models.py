from datetime import datetime

from sqlalchemy import DateTime, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from identity.persistence import Base


class ServiceClient(Base):
    """A service that asks for tokens of its own. Its secret is random, so a plain digest hides it well."""

    __tablename__ = "service_clients"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    secret_digest: Mapped[bytes] = mapped_column(LargeBinary)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
