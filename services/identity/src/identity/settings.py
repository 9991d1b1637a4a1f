"""Everything the environment decides, read once, in one frozen object."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bazaar_shared.settings import database_url, flag, integer, require, secret


@dataclass(frozen=True)
class Settings:
    database_url: str = field(repr=False)
    key_encryption_key: str = field(repr=False)
    process_name: str = "serve"
    log_level: str = "INFO"
    http_host: str = "127.0.0.1"
    http_port: int = 8101
    http_threads: int = 8
    trusted_proxy: str | None = None
    management_host: str = "127.0.0.1"
    management_port: int = 9101
    token_issuer: str = "https://identity.bazaar.example"  # noqa: S105 -- an address
    token_audience: str = "bazaar"  # noqa: S105 -- a name
    service_clients_dir: Path | None = None
    demo_dir: Path | None = None
    migrate_on_start: bool = True

    # What a verifier may rely on. Changing one of these changes a promise to every other service.
    access_token_life: timedelta = timedelta(minutes=10)
    jwks_cache: timedelta = timedelta(seconds=300)
    clock_skew: timedelta = timedelta(seconds=30)

    session_life: timedelta = timedelta(days=30)
    refresh_grace: timedelta = timedelta(seconds=30)

    @classmethod
    def from_environment(cls, env: Mapping[str, str], *, command: str = "serve") -> "Settings":
        """Fail at once, naming everything that is missing."""
        require(env, "DATABASE_URL", "KEY_ENCRYPTION_KEY_FILE")
        return cls(
            database_url=database_url(env),
            key_encryption_key=secret(env, "KEY_ENCRYPTION_KEY"),
            process_name=env.get("PROCESS_NAME", command),
            log_level=env.get("LOG_LEVEL", cls.log_level),
            http_host=env.get("HTTP_HOST", cls.http_host),
            http_port=integer(env, "HTTP_PORT", cls.http_port),
            http_threads=integer(env, "HTTP_THREADS", cls.http_threads),
            trusted_proxy=env.get("TRUSTED_PROXY") or None,
            management_host=env.get("MANAGEMENT_HOST", cls.management_host),
            management_port=integer(env, "MANAGEMENT_PORT", cls.management_port),
            token_issuer=env.get("TOKEN_ISSUER", cls.token_issuer),
            token_audience=env.get("TOKEN_AUDIENCE", cls.token_audience),
            service_clients_dir=_folder(env, "SERVICE_CLIENTS_DIR"),
            demo_dir=_folder(env, "DEMO_DIR"),
            migrate_on_start=flag(env, "MIGRATE_ON_START", default=cls.migrate_on_start),
        )


def _folder(env: Mapping[str, str], name: str) -> Path | None:
    value = env.get(name)
    return Path(value) if value else None
