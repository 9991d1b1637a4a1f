"""All settings, read once, in the composition root. What is missing or wrong is said at once, all of it."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bazaar_shared.settings import Redacted, SettingsError, read_secret, with_password

Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    process_name: str = "basket"
    log_level: str = "INFO"
    http_host: str = "127.0.0.1"
    http_port: Port = 8140
    management_host: str = "127.0.0.1"
    management_port: Port = 9140
    migrate_on_start: bool = True

    database_url: str
    database_password_file: Path | None = None
    database_connections: Annotated[int, Field(ge=2)] = 16
    kafka_bootstrap_servers: str

    jwks_url: str
    token_issuer: str = "https://identity.bazaar.example"  # noqa: S105 an issuer's name
    token_audience: str = "bazaar"  # noqa: S105
    market_currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"

    # a guest's basket that its guest has not changed for this long expires; it is deleted as long after that
    basket_guest_days: Annotated[int, Field(ge=1)] = 30
    basket_expiry_interval: Annotated[float, Field(gt=0)] = 60

    @property
    def dsn(self) -> Redacted:
        """The database's URL as asyncpg takes it."""
        if self.database_password_file is None:
            return Redacted(self.database_url)
        return with_password(self.database_url, read_secret(self.database_password_file))

    @property
    def guest_lifetime(self) -> timedelta:
        return timedelta(days=self.basket_guest_days)


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
