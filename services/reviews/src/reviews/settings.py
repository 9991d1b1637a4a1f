"""Everything the environment decides, read by python-decouple into one frozen object.

decouple stops at the first name that is missing. Here all are collected, so that a deployment is repaired in
one go.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from decouple import Choices, Config, RepositoryEmpty, UndefinedValueError

from bazaar_shared.settings import InvalidSetting, MissingSetting, Redacted, read_secret, with_password

_REQUIRED = object()


@dataclass(frozen=True)
class Settings:
    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    kafka_bootstrap_servers: str
    jwks_url: str
    process_name: str = "reviews"
    log_level: str = "INFO"
    http_host: str = "127.0.0.1"
    http_port: int = 8150
    http_threads: int = 5
    management_host: str = "127.0.0.1"
    management_port: int = 9150
    token_issuer: str = "https://identity.bazaar.example"  # noqa: S105 -- an address
    token_audience: str = "bazaar"  # noqa: S105 -- a name
    cookie_secure: bool = False
    migrate_on_start: bool = True
    demo_dir: Path | None = None


def load(process_name: str = "reviews") -> Settings:
    """From the environment only: decouple's search for a .env or settings.ini beside the caller is left out,
    for what a process runs with must be seen from outside of it.
    """
    read = Reader(Config(RepositoryEmpty()))
    found = {
        "database_url": read("DATABASE_URL"),
        "secret_key": read("SECRET_KEY_FILE", cast=read_secret),
        "kafka_bootstrap_servers": read("KAFKA_BOOTSTRAP_SERVERS"),
        "jwks_url": read("JWKS_URL"),
        "process_name": read("PROCESS_NAME", process_name),
        "log_level": read("LOG_LEVEL", "INFO", cast=Choices(["DEBUG", "INFO", "WARNING", "ERROR"])),
        "http_host": read("HTTP_HOST", Settings.http_host),
        "http_port": read("HTTP_PORT", Settings.http_port, cast=int),
        "http_threads": read("HTTP_THREADS", Settings.http_threads, cast=int),
        "management_host": read("MANAGEMENT_HOST", Settings.management_host),
        "management_port": read("MANAGEMENT_PORT", Settings.management_port, cast=int),
        "token_issuer": read("TOKEN_ISSUER", Settings.token_issuer),
        "token_audience": read("TOKEN_AUDIENCE", Settings.token_audience),
        "cookie_secure": read("COOKIE_SECURE", Settings.cookie_secure, cast=bool),
        "migrate_on_start": read("MIGRATE_ON_START", Settings.migrate_on_start, cast=bool),
        "demo_dir": read("DEMO_DIR", None, cast=lambda value: Path(value) if value else None),
    }
    password = read("DATABASE_PASSWORD_FILE", None, cast=lambda path: read_secret(path) if path else None)
    read.finish()
    url = found["database_url"]
    return Settings(**found | {"database_url": with_password(url, password) if password else Redacted(url)})


class Reader:
    """decouple's `config(…)`, but the verdict on what is missing comes once, from `finish()`."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._missing: list[str] = []

    def __call__(self, name: str, default: Any = _REQUIRED, cast: Callable[[Any], Any] = str) -> Any:
        try:
            text = self._config(name)
        except UndefinedValueError:
            text = ""
        if not text:  # set to nothing is as good as not set: Compose passes unset variables on so
            return self._default(name, default)
        try:
            # through decouple: its own way to read a bool, and its message of what is allowed
            return self._config(name, cast=cast)
        except ValueError as error:
            raise InvalidSetting(name, str(error)) from error

    def _default(self, name: str, default: Any) -> Any:
        if default is _REQUIRED:
            self._missing.append(name)
            return None
        return default

    def finish(self) -> None:
        if self._missing:
            raise MissingSetting(*self._missing)
