"""All settings, read once, in the composition root. What is missing or wrong is said at once, all of it."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yarl import URL

from bazaar_shared.settings import InvalidSetting, integer, require
from insights.topology import Topology


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    kafka_bootstrap_servers: str
    jwks_url: str
    catalog_url: str
    # RocksDB's files; of this worker alone. What is lost comes again from the changelogs.
    state_dir: Path

    process_name: str = "insights"
    log_level: str = "INFO"
    http_host: str = "127.0.0.1"
    http_port: int = 8195
    # where the other workers reach this one
    http_advertised_host: str = "127.0.0.1"
    management_host: str = "127.0.0.1"
    management_port: int = 9195

    token_issuer: str = "https://identity.bazaar.example"  # noqa: S105 an issuer's name
    token_audience: str = "bazaar"  # noqa: S105
    market_currency: str = "EUR"
    # before the names of all topics: several markets, or tests, on one broker
    topic_prefix: str = ""
    # for so long a killed worker keeps its partitions from the others and from its successor (ADR 0118)
    session_seconds: int = 20

    @property
    def topology(self) -> Topology:
        return Topology(self.topic_prefix)

    @property
    def brokers(self) -> list[URL]:
        """As Faust has them: with a scheme before each."""
        return [URL(f"kafka://{server.strip()}") for server in self.kafka_bootstrap_servers.split(",")]


_NEEDED = ("KAFKA_BOOTSTRAP_SERVERS", "JWKS_URL", "CATALOG_URL", "STATE_DIR")


def load(env: Mapping[str, str] | None = None) -> Settings:
    env = os.environ if env is None else env
    brokers, jwks_url, catalog_url, state_dir = require(env, *_NEEDED)
    name = env.get("PROCESS_NAME") or "insights"
    host = env.get("HTTP_HOST") or "127.0.0.1"
    currency = env.get("MARKET_CURRENCY") or "EUR"
    if len(currency) != 3 or not currency.isupper():
        raise InvalidSetting("MARKET_CURRENCY", "three capital letters are required")
    return Settings(
        kafka_bootstrap_servers=brokers,
        jwks_url=jwks_url,
        catalog_url=catalog_url.rstrip("/"),
        state_dir=Path(state_dir),
        process_name=name,
        log_level=env.get("LOG_LEVEL") or "INFO",
        http_host=host,
        http_port=_port(env, "HTTP_PORT", 8195),
        http_advertised_host=env.get("HTTP_ADVERTISED_HOST") or _reachable(host),
        management_host=env.get("MANAGEMENT_HOST") or "127.0.0.1",
        management_port=_port(env, "MANAGEMENT_PORT", 9195),
        token_issuer=env.get("TOKEN_ISSUER") or "https://identity.bazaar.example",
        token_audience=env.get("TOKEN_AUDIENCE") or "bazaar",
        market_currency=currency,
        session_seconds=_at_least(env, "SESSION_SECONDS", 20, least=6),
        topic_prefix=env.get("TOPIC_PREFIX") or "",
    )


def _reachable(host: str) -> str:
    return socket.gethostname() if host == "0.0.0.0" else host


def _at_least(env: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    value = integer(env, name, default)
    if value < least:
        raise InvalidSetting(name, f"at least {least} is required")
    return value


def _port(env: Mapping[str, str], name: str, default: int) -> int:
    port = integer(env, name, default)
    if not 0 < port <= 65535:
        raise InvalidSetting(name, "a port is required")
    return port
