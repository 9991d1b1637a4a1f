"""The shared library's two tables, as far as this service writes them. Its migration makes them from the
library's DDL.
"""

from sqlalchemy import BigInteger, Column, Identity, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from reviews.models.base import Base

outbox = Table(
    "outbox",
    Base.metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("topic", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("envelope", JSONB, nullable=False),
)
inbox = Table(
    "inbox",
    Base.metadata,
    Column("consumer", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
)
# not Alembic's to compare
FOREIGN_TABLES = frozenset({outbox.name, inbox.name})
