"""All settings, read once, in the composition root. What is missing or wrong is said at once, all of it."""

from collections.abc import Mapping
from datetime import timedelta
from email.utils import parseaddr
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bazaar_shared.settings import Redacted, SettingsError, read_secret, with_password

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    process_name: str = "notifications"
    log_level: str = "INFO"
    http_host: str = "127.0.0.1"
    http_port: Port = 8183
    management_host: str = "127.0.0.1"
    management_port: Port = 9180
    migrate_on_start: bool = True

    database_url: str
    database_password_file: Path | None = None
    amqp_url: str
    amqp_password_file: Path | None = None
    redis_url: str
    redis_password_file: Path | None = None
    kafka_bootstrap_servers: str
    kafka_group: str = "notifications"

    identity_url: str
    catalog_url: str
    orders_url: str
    client_secret_file: Path

    smtp_url: Annotated[str, Field(pattern=r"^smtps?://[^/?#]+$")]
    smtp_password_file: Path | None = None
    mail_from: str = "Bazaar <market@bazaar.example>"
    public_url: str = "http://127.0.0.1:8080"

    concurrency: Annotated[int, Field(ge=1, le=64)] = 2
    # a mail that takes longer than this may be taken up by another worker
    lease_seconds: Seconds = 60
    retry_seconds: Seconds = 5
    retry_longest_seconds: Seconds = 3600
    max_attempts: Annotated[int, Field(ge=1)] = 40
    scan_seconds: Seconds = 5
    # how long a mail waits for pictures that nobody has drawn yet
    picture_wait_seconds: Seconds = 15
    # of what happened longer ago nobody is told any more
    news_max_age_hours: Annotated[int, Field(ge=1)] = 72
    abandoned_after_minutes: Annotated[float, Field(gt=0)] = 1440
    # the hour (UTC) from which on yesterday is complete
    report_hour: Annotated[int, Field(ge=0, le=23)] = 2
    fault_file: Path | None = None

    @field_validator("mail_from")
    @classmethod
    def _is_an_address(cls, text: str) -> str:
        if "@" not in parseaddr(text)[1]:
            raise ValueError("an e-mail address is required")
        return text

    @field_validator("identity_url", "catalog_url", "orders_url", "public_url")
    @classmethod
    def _without_slash(cls, text: str) -> str:
        return text.rstrip("/")

    @cached_property
    def dsn(self) -> Redacted:
        """The database's URL as asyncpg takes it."""
        return _with_secret(self.database_url, self.database_password_file)

    @cached_property
    def broker(self) -> Redacted:
        return _with_secret(self.amqp_url, self.amqp_password_file)

    @cached_property
    def results(self) -> Redacted:
        return _with_secret(self.redis_url, self.redis_password_file)

    @cached_property
    def smtp(self) -> Redacted:
        return _with_secret(self.smtp_url, self.smtp_password_file)

    @property
    def mail_domain(self) -> str:
        """The right half of every Message-ID."""
        return parseaddr(self.mail_from)[1].rpartition("@")[2]

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)

    @property
    def news_max_age(self) -> timedelta:
        return timedelta(hours=self.news_max_age_hours)

    @property
    def abandoned_after(self) -> timedelta:
        return timedelta(minutes=self.abandoned_after_minutes)


def _with_secret(url: str, file: Path | None) -> Redacted:
    return Redacted(url) if file is None else with_password(url, read_secret(file))


def load(**values: Any) -> Settings:
    """From the environment; `values` come first, for tests. A SettingsError names every setting that is not
    right.
    """
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise SettingsError("; ".join(_plain(problem) for problem in error.errors())) from None
    # a secret that cannot be read is found out now, not at the first use
    _ = settings.dsn, settings.broker, settings.results, settings.smtp
    return settings


def _plain(problem: Mapping[str, Any]) -> str:
    name = "_".join(str(part) for part in problem["loc"]).upper()
    # the value itself is left out: it may be a secret
    return f"{name} is missing" if problem["type"] == "missing" else f"{name}: {problem['msg']}"
