"""A form as it was filled in, and what is wrong with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

# the whole form's error, not a field's
WHOLE = ""


@dataclass(slots=True)
class Form:
    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Iterable[str], given: Mapping[str, str] | None = None, **defaults: str) -> Self:
        """Every name has a value, if only an empty one: templates may ask for each."""
        source = given or {}
        return cls({name: source.get(name, defaults.get(name, "")).strip() for name in names})

    def require(self, **messages: str) -> None:
        for name, message in messages.items():
            if not self.values[name]:
                self.errors[name] = message

    def limit(self, **longest: int) -> None:
        for name, length in longest.items():
            if len(self.values[name]) > length:
                self.errors.setdefault(name, f"Please keep this to {length} characters.")

    def refuse(self, errors: Mapping[str, str], otherwise: str) -> None:
        """A service's refusal: at its fields where the form has them, over the form where not."""
        known = {name: message for name, message in errors.items() if name in self.values}
        self.errors |= known
        if not known:
            self.errors[WHOLE] = otherwise

    @property
    def good(self) -> bool:
        return not self.errors
