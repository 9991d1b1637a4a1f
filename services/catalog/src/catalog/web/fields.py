"""Serializers that take what is said and nothing else: DRF ignores unknown fields and reads "12" as 12."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail


class StrictFields(serializers.Serializer[Any]):
    """Refuses fields that are unknown or can't be written, each by its name."""

    def to_internal_value(self, data: Any) -> Any:
        if hasattr(data, "keys"):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            unknown = sorted(str(name) for name in data.keys() - writable)
            if unknown:
                refusal = [ErrorDetail("This field is not known here.", code="unknown_field")]
                raise serializers.ValidationError(dict.fromkeys(unknown, refusal))
        return super().to_internal_value(data)


class Ids(serializers.CharField):
    """A query parameter's ids, separated by commas; each is kept once, in the order they came in."""

    def __init__(self, *, at_most: int, **options: Any) -> None:
        self.at_most = at_most
        told = f"Up to {at_most} ids, separated by commas."
        super().__init__(max_length=at_most * 37, help_text=told, **options)

    def to_internal_value(self, data: Any) -> list[UUID]:  # type: ignore[override] # text only as it is sent
        try:
            ids = list(
                dict.fromkeys(UUID(text.strip()) for text in super().to_internal_value(data).split(","))
            )
        except ValueError as error:
            raise serializers.ValidationError("Each id is a UUID.", code="invalid") from error
        if len(ids) > self.at_most:
            raise serializers.ValidationError(f"At most {self.at_most} ids.", code="max_length")
        return ids


class MinorUnits(serializers.IntegerField):
    """An amount of money as JSON's whole number: no text, no fraction, no true."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data


class StrictText(serializers.CharField):
    """Text as JSON's string: DRF by itself turns the number 5 into "5"."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)
