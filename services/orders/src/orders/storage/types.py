"""A `StrEnum` in a text column: readable in psql, checked by a constraint, an enum in Python."""

from enum import StrEnum

from sqlalchemy import Dialect, Text, TypeDecorator


class TextEnum[E: StrEnum](TypeDecorator[E]):
    impl = Text
    cache_ok = True

    def __init__(self, members: type[E]) -> None:
        super().__init__()
        self.members = members

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else self.members(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:  # noqa: ARG002
        return None if value is None else self.members(value)
