"""All settings, read once, in the composition root: dynaconf reads and judges, a frozen object is handed on.

Names come without a prefix, as in all services. dynaconf would then take in the whole environment; with
`ignore_unknown_envvars` it takes only what settings.toml knows.
"""

from pathlib import Path
from typing import Any

import msgspec
from dynaconf import Dynaconf, ValidationError, Validator

from bazaar_shared.settings import SettingsError
from clickstream.clicks import MAX_EVENTS

_DEFAULTS = Path(__file__).with_name("settings.toml")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    process_name: str
    log_level: str
    http_host: str
    http_port: int
    management_host: str
    management_port: int

    kafka_bootstrap_servers: str
    clicks_topic: str
    linger_ms: int
    ack_seconds: float

    max_in_flight: int
    max_in_flight_bytes: int
    body_seconds: float

    rate_burst: int
    rate_per_second: float
    rate_sessions: int


def _each(*names: str, **rules: Any) -> list[Validator]:
    """A validator for each name: one for several would tell of the first that is wrong only."""
    return [Validator(name.upper(), **rules) for name in names]


def _text(*names: str) -> list[Validator]:
    return _each(*names, cast=str, len_min=1, messages={"operations": "{name} is missing"})


def _number(*names: str, kind: Any = int, gte: float, lte: float = 10**9) -> list[Validator]:
    def fits(value: Any) -> bool:
        # to Python, true is a whole number
        return isinstance(value, kind) and not isinstance(value, bool) and gte <= value <= lte

    wanted = "a number" if kind is not int else "a whole number"
    message = f"{{name}}: {wanted} from {gte} to {lte} is required, not {{value!r}}"
    return _each(*names, condition=fits, messages={"condition": message})


_VALIDATORS = [
    *_text(
        "kafka_bootstrap_servers", "clicks_topic", "process_name", "log_level", "http_host", "management_host"
    ),
    # 0: any free port
    *_number("http_port", "management_port", gte=0, lte=65535),
    *_number("linger_ms", gte=0, lte=100),
    *_number("max_in_flight", "rate_sessions", gte=1),
    # two bodies of the largest size, with their envelopes
    *_number("max_in_flight_bytes", gte=512 * 1024),
    # a whole batch must fit, or it would be refused for ever
    *_number("rate_burst", gte=MAX_EVENTS),
    *_number("ack_seconds", "body_seconds", "rate_per_second", kind=(int, float), gte=0.001, lte=3600),
]


def load(**values: Any) -> Settings:
    """From the environment; `values` come first, for tests. A SettingsError names every setting that is not
    right.
    """
    read = Dynaconf(
        settings_files=[str(_DEFAULTS)],
        envvar_prefix=False,
        ignore_unknown_envvars=True,
        environments=False,
        load_dotenv=False,
        core_loaders=["TOML"],
    )
    read.update(values)
    # not given to the constructor: it would end with the first that fails
    read.validators.register(*_VALIDATORS)
    try:
        read.validators.validate_all()
    except ValidationError as error:
        raise SettingsError("; ".join(text for _, text in error.details)) from None
    given = {name: read[name] for name in Settings.__struct_fields__}
    return msgspec.convert(given, Settings)
