"""Serializers that take what is said and nothing else: DRF ignores unknown fields and reads "12" as 12."""

from typing import Any

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
