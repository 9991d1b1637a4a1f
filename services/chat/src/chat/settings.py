"""All settings, read once, in the composition root. What is missing or wrong is said at once, all of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bazaar_shared.settings import Redacted, SettingsError, read_secret, with_password

Seconds = Annotated[float, Field(gt=0)]
Port = Annotated[int, Field(ge=0, le=65535)]
# a service's address, without a path: http://catalog:8102
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^/\s]+/?$")]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    process_name: str = "chat"
    log_level: str = "INFO"
    http_host: str = "127.0.0.1"
    http_port: Port = 8170
    management_host: str = "127.0.0.1"
    management_port: Port = 9170
    migrate_on_start: bool = True

    database_url: str
    database_password_file: Path | None = None
    database_connections: Annotated[int, Field(ge=2)] = 16
    redis_url: str
    redis_password_file: Path | None = None
    kafka_bootstrap_servers: str

    identity_url: Address
    catalog_url: Address
    orders_url: Address
    client_secret_file: Path
    jwks_url: str
    token_issuer: str = "https://identity.bazaar.example"  # noqa: S105 an issuer's name
    token_audience: str = "bazaar"  # noqa: S105

    # signs the cookie that binds an XSRF token to its session
    cookie_key_file: Path
    cookie_secure: bool = False
    # other origins than the host's own whose pages may open sockets, separated by commas
    allowed_origins: Annotated[frozenset[str], NoDecode] = frozenset()

    # how often is looked for what no wake-up told
    poll_seconds: Seconds = 5
    # how often identity is asked whether sessions have ended
    session_check_seconds: Seconds = 10
    # frames that wait for a client that does not read; one more and it is dropped
    client_queue: Annotated[int, Field(ge=1)] = 256
    drain_seconds: Seconds = 20

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [name.strip().rstrip("/") for name in value.split(",") if name.strip()]
        return value

    @property
    def dsn(self) -> Redacted:
        return _with_secret(self.database_url, self.database_password_file)

    @property
    def sqlalchemy_url(self) -> Redacted:
        return Redacted(self.dsn.replace("postgresql://", "postgresql+asyncpg://", 1))

    @property
    def redis(self) -> Redacted:
        return _with_secret(self.redis_url, self.redis_password_file)

    @property
    def cookie_key(self) -> Redacted:
        return read_secret(self.cookie_key_file)

    @property
    def token_url(self) -> str:
        return f"{self.identity_url.rstrip('/')}/api/identity/oauth/token"


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
