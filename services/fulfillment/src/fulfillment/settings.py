"""The one place that reads the environment: it becomes one frozen object, and what is missing is named at
once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bazaar_shared import settings as shared

NAMEKO_SERVICES = ("inventory", "payments", "shipping", "processor")
OUTBOXES = ("inventory", "payments", "shipping")
MANAGEMENT_PORTS = {
    "inventory": 9104,
    "payments": 9105,
    "shipping": 9106,
    "processor": 9107,
    "serve": 9104,
    "relay": 9108,
    "consume": 9109,
}


@dataclass(frozen=True, slots=True)
class Settings:
    process_name: str
    log_level: str
    http_host: str
    http_port: int
    management_host: str
    management_port: int
    migrate_on_start: bool
    market_currency: str
    demo_dir: Path | None
    processor_url: str | None
    kafka_bootstrap_servers: str | None
    services: tuple[str, ...]
    max_workers: int
    heartbeat_seconds: int
    shutdown_seconds: float
    processor_timeout_seconds: float
    processor_delay_seconds: float
    resolve_interval_seconds: float
    resolve_after_seconds: float
    departure_seconds: float
    transit_seconds: float
    parcel_interval_seconds: float
    rpc_exchange: str
    # URLs carry passwords: they are kept out of the repr, and so out of every log and traceback
    amqp_url: str | None = field(repr=False)
    databases: Mapping[str, str] = field(repr=False)

    def nameko_config(self) -> dict[str, Any]:
        """What Nameko calls its configuration: a dictionary that every extension reads from its container."""
        return {
            "AMQP_URI": self.amqp_url,
            "HEARTBEAT": self.heartbeat_seconds,
            "WEB_SERVER_ADDRESS": f"{self.http_host}:{self.http_port}",
            "rpc_exchange": self.rpc_exchange,
            "serializer": "json",
            "max_workers": self.max_workers,
            "DATABASES": dict(self.databases),
            "MARKET_CURRENCY": self.market_currency,
            "PROCESSOR_URL": self.processor_url,
            "PROCESSOR_TIMEOUT_SECONDS": self.processor_timeout_seconds,
            "PROCESSOR_DELAY_SECONDS": self.processor_delay_seconds,
            "RESOLVE_INTERVAL_SECONDS": self.resolve_interval_seconds,
            "RESOLVE_AFTER_SECONDS": self.resolve_after_seconds,
            "SHIPPING_DEPARTURE_SECONDS": self.departure_seconds,
            "SHIPPING_TRANSIT_SECONDS": self.transit_seconds,
            "SHIPPING_INTERVAL_SECONDS": self.parcel_interval_seconds,
        }


def load(
    env: Mapping[str, str],
    command: str,
    *,
    databases: Iterable[str] = (),
    needs: Iterable[str] = (),
    services: tuple[str, ...] = (),
) -> Settings:
    """Build the settings a command needs; raises MissingSetting with *all* names that are missing."""
    databases = tuple(databases)
    required = [*(f"{name.upper()}_DATABASE_URL" for name in databases), *needs]
    if required:
        shared.require(env, *required)
    number = _Numbers(env)
    return Settings(
        process_name=env.get("PROCESS_NAME", command),
        log_level=env.get("LOG_LEVEL", "INFO"),
        http_host=env.get("HTTP_HOST", "127.0.0.1"),
        http_port=int(number("HTTP_PORT", 8107)),
        management_host=env.get("MANAGEMENT_HOST", "127.0.0.1"),
        management_port=int(number("MANAGEMENT_PORT", MANAGEMENT_PORTS.get(command, 9104))),
        migrate_on_start=shared.flag(env, "MIGRATE_ON_START", default=True),
        market_currency=env.get("MARKET_CURRENCY", "EUR"),
        demo_dir=Path(env["DEMO_DIR"]) if env.get("DEMO_DIR") else None,
        processor_url=env.get("PROCESSOR_URL"),
        kafka_bootstrap_servers=env.get("KAFKA_BOOTSTRAP_SERVERS"),
        services=services,
        max_workers=int(number("MAX_WORKERS", 100 if command == "processor" else 10)),
        heartbeat_seconds=int(number("AMQP_HEARTBEAT_SECONDS", 10)),
        shutdown_seconds=number("SHUTDOWN_SECONDS", 10),
        processor_timeout_seconds=number("PROCESSOR_TIMEOUT_SECONDS", 2),
        processor_delay_seconds=number("PROCESSOR_DELAY_SECONDS", 10),
        resolve_interval_seconds=number("RESOLVE_INTERVAL_SECONDS", 2),
        resolve_after_seconds=number("RESOLVE_AFTER_SECONDS", 10),
        departure_seconds=number("SHIPPING_DEPARTURE_SECONDS", 60),
        transit_seconds=number("SHIPPING_TRANSIT_SECONDS", 60),
        parcel_interval_seconds=number("SHIPPING_INTERVAL_SECONDS", 2),
        rpc_exchange=env.get("RPC_EXCHANGE", "nameko-rpc"),
        amqp_url=shared.amqp_url(env) if env.get("AMQP_URL") else None,
        databases={name: shared.database_url(env, prefix=f"{name.upper()}_") for name in databases},
    )


class _Numbers:
    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env

    def __call__(self, name: str, default: float) -> float:
        text = self.env.get(name)
        try:
            return float(text) if text else float(default)
        except ValueError:
            raise shared.InvalidSetting(name, f"a number is required, not {text!r}") from None
