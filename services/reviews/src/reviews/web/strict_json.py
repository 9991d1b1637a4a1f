"""Flask's JSON provider, without Python's leniency: NaN and Infinity are no JSON, and nesting has an end."""

import json
from typing import Any, NoReturn

from flask.json.provider import DefaultJSONProvider


class StrictJSON(DefaultJSONProvider):
    sort_keys = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        try:
            return json.loads(s, parse_constant=_refuse, **kwargs)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
