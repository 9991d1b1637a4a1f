"""The declarative base, and what every table here has in common."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Text, Uuid
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    # named constraints: a migration can only drop what it can name
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "ix": "ix_%(table_name)s_%(column_0_name)s",
        }
    )
    type_annotation_map = {str: Text(), UUID: Uuid(), datetime: DateTime(timezone=True)}  # noqa: RUF012
