"""All settings, read once, in the composition root. What is missing or wrong is said at once, all of it."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bazaar_shared.settings import Redacted, SettingsError, read_secret, with_password

type Loop = Literal["relay", "consume", "saga"]

Seconds = Annotated[float, Field(gt=0)]
Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    process_name: str = "orders"
    log_level: str = "INFO"
    http_host: str = "127.0.0.1"
    http_port: Port = 8103
    management_host: str = "127.0.0.1"
    management_port: Port = 9103
    # names, separated by commas, of the loops that `serve` runs inside itself
    background: Annotated[frozenset[Loop], NoDecode] = frozenset()
    migrate_on_start: bool = True

    database_url: str
    database_password_file: Path | None = None
    # of each kind: the ORM's engine and the hot path's asyncpg pool
    database_connections: Annotated[int, Field(ge=2)] = 16
    kafka_bootstrap_servers: str
    amqp_url: str
    amqp_password_file: Path | None = None

    # basket's address, without a path: http://basket:8140
    basket_url: Annotated[str, StringConstraints(pattern=r"^https?://[^/\s]+/?$")]
    jwks_url: str
    token_issuer: str = "https://identity.bazaar.example"  # noqa: S105 an issuer's name
    token_audience: str = "bazaar"  # noqa: S105
    market_currency: str = "EUR"

    saga_step_timeout: Seconds = 5
    saga_deadline: Seconds = 60
    saga_lease: Seconds = 15
    saga_concurrency: Annotated[int, Field(ge=1)] = 16
    saga_poll: Seconds = 1
    rpc_in_flight: Annotated[int, Field(ge=1)] = 64

    # fault injection, for the chaos tests only: where the saga worker kills itself (saga/faults.py)
    saga_crash_at: str | None = None
    fault_file: Path | None = None

    @field_validator("background", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        return (
            [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value
        )

    @field_validator("saga_lease")
    @classmethod
    def _longer_than_a_try(cls, lease: float, info: Any) -> float:
        if lease <= info.data.get("saga_step_timeout", 0):
            raise ValueError(
                "must be longer than SAGA_STEP_TIMEOUT: a worker must not lose a saga while it waits"
            )
        return lease

    @property
    def dsn(self) -> Redacted:
        """The database's URL as asyncpg takes it."""
        return _with_secret(self.database_url, self.database_password_file)

    @property
    def sqlalchemy_url(self) -> Redacted:
        return Redacted(self.dsn.replace("postgresql://", "postgresql+asyncpg://", 1))

    @property
    def amqp(self) -> Redacted:
        return _with_secret(self.amqp_url, self.amqp_password_file)

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.saga_lease)


def _with_secret(url: str, file: Path | None) -> Redacted:
    return with_password(url, read_secret(file)) if file else Redacted(url)


def load(**values: Any) -> Settings:
    """From the environment; `values` come first, for tests. A SettingsError names every setting that is not
    right.
    """
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError("; ".join(_plain(problem) for problem in error.errors())) from None


def _plain(problem: Mapping[str, Any]) -> str:
    name = "_".join(str(part) for part in problem["loc"]).upper()
    # the value itself is left out: it may be a secret
    return f"{name} is missing" if problem["type"] == "missing" else f"{name}: {problem['msg']}"
