"""All that the environment says, read once into one frozen object, which settings.py is made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from bazaar_shared.settings import Redacted, database_url, flag, integer, require, secret

# what every command needs; `serve`, `relay` … ask for more when they use it
# in seconds; a request that waits longer than that for the database fails
TIMEOUTS = {"statement_timeout": 15, "lock_timeout": 10, "idle_in_transaction_session_timeout": 30}
REQUIRED = ("DATABASE_URL", "DJANGO_SECRET_KEY_FILE", "KAFKA_BOOTSTRAP_SERVERS", "JWKS_URL")


@dataclass(frozen=True, kw_only=True)
class Config:
    process_name: str
    log_level: str
    http_host: str
    http_port: int
    http_threads: int
    management_host: str
    management_port: int
    database_url: Redacted
    kafka_bootstrap_servers: str
    jwks_url: str
    token_issuer: str
    token_audience: str
    market_currency: str
    demo_dir: Path | None
    migrate_on_start: bool
    secret_key: Redacted
    allowed_hosts: tuple[str, ...]
    trusted_origins: tuple[str, ...]
    secure_cookies: bool

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Self:
        require(env, *REQUIRED)
        return cls(
            process_name=env.get("PROCESS_NAME") or "catalog",
            log_level=env.get("LOG_LEVEL") or "INFO",
            http_host=env.get("HTTP_HOST") or "127.0.0.1",
            http_port=integer(env, "HTTP_PORT", 8102),
            http_threads=integer(env, "HTTP_THREADS", 8),
            management_host=env.get("MANAGEMENT_HOST") or "127.0.0.1",
            management_port=integer(env, "MANAGEMENT_PORT", 9102),
            database_url=database_url(env),
            kafka_bootstrap_servers=env["KAFKA_BOOTSTRAP_SERVERS"],
            jwks_url=env["JWKS_URL"],
            token_issuer=env.get("TOKEN_ISSUER") or "https://identity.bazaar.example",
            token_audience=env.get("TOKEN_AUDIENCE") or "bazaar",
            market_currency=env.get("MARKET_CURRENCY") or "EUR",
            demo_dir=Path(env["DEMO_DIR"]) if env.get("DEMO_DIR") else None,
            migrate_on_start=flag(env, "MIGRATE_ON_START", default=True),
            secret_key=secret(env, "DJANGO_SECRET_KEY"),
            allowed_hosts=_words(env.get("ALLOWED_HOSTS") or "*"),
            trusted_origins=_words(env.get("CSRF_TRUSTED_ORIGINS") or ""),
            secure_cookies=flag(env, "SECURE_COOKIES", default=False),
        )

    @property
    def database(self) -> dict[str, Any]:
        """The database in Django's own words."""
        url = urlsplit(self.database_url)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(url.path.removeprefix("/")),
            "USER": unquote(url.username or ""),
            "PASSWORD": unquote(url.password or ""),
            "HOST": url.hostname or "",
            "PORT": str(url.port or 5432),
            # one lasting connection for each of gunicorn's threads, checked before a request uses it
            "CONN_MAX_AGE": None,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {
                "connect_timeout": 5,
                "application_name": self.process_name,
                "options": " ".join(f"-c {name}={seconds}s" for name, seconds in TIMEOUTS.items()),
            },
        }


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
