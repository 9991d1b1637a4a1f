"""All settings, read once, in the composition root. What is missing is said at once, all of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bazaar_shared.settings import Redacted, flag, integer, read_secret, require

SERVICES = ("identity", "catalog", "basket", "orders", "reviews", "chat", "insights")
_ISSUER, _AUDIENCE = "https://identity.bazaar.example", "bazaar"
_REQUIRED = (*(f"{name.upper()}_URL" for name in SERVICES), "COOKIE_KEY_FILE")


@dataclass(frozen=True, slots=True)
class Settings:
    # base addresses by service, without a slash at the end
    urls: Mapping[str, str]
    # signs the session cookie, in which flashes and the CSRF secret travel
    cookie_key: Redacted
    cookie_secure: bool = False
    # a checkout of the repository whose files /source/ shows; None: it shows none
    source_dir: Path | None = None
    token_issuer: str = _ISSUER
    token_audience: str = _AUDIENCE
    currency: str = "EUR"
    # open at once in the process
    streams: int = 256
    process_name: str = "storefront"
    log_level: str = "INFO"
    http_host: str = "127.0.0.1"
    http_port: int = 8160
    management_host: str = "127.0.0.1"
    management_port: int = 9160


def load(env: Mapping[str, str]) -> Settings:
    require(env, *_REQUIRED)
    return Settings(
        urls={name: env[f"{name.upper()}_URL"].rstrip("/") for name in SERVICES},
        cookie_key=read_secret(env["COOKIE_KEY_FILE"]),
        cookie_secure=flag(env, "COOKIE_SECURE", default=False),
        source_dir=Path(env["SOURCE_DIR"]) if env.get("SOURCE_DIR") else None,
        token_issuer=env.get("TOKEN_ISSUER") or _ISSUER,
        token_audience=env.get("TOKEN_AUDIENCE") or _AUDIENCE,
        currency=env.get("MARKET_CURRENCY") or "EUR",
        streams=integer(env, "STREAMS", 256),
        process_name=env.get("PROCESS_NAME") or "storefront",
        log_level=env.get("LOG_LEVEL") or "INFO",
        http_host=env.get("HTTP_HOST") or "127.0.0.1",
        http_port=integer(env, "HTTP_PORT", 8160),
        management_host=env.get("MANAGEMENT_HOST") or "127.0.0.1",
        management_port=integer(env, "MANAGEMENT_PORT", 9160),
    )
