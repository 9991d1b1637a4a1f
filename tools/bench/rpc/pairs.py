"""Who calls whom in the RPC benchmark, and one measurement of each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tools.bench.broker import Broker
from tools.bench.programs import Program, ProgramError, expect, measured, running

IN_FLIGHT = (1, 32)
HERE = "tools.bench.rpc"
KOMBU = Program("fulfillment", f"{HERE}.kombu_pingpong")
AIO_PIKA = Program("orders", f"{HERE}.aio_pika_pingpong")
NAMEKO = Program("fulfillment", f"{HERE}.nameko_echo")
PROXY = Program("fulfillment", f"{HERE}.nameko_proxy")
ORDERS = Program("orders", f"{HERE}.orders_client")


@dataclass(frozen=True)
class Pair:
    name: str
    server: Program
    client: Program
    queue_type: str
    raw: str = ""  # which yardstick it is, if it is one


def raw(queue_type: str) -> tuple[Pair, Pair]:
    return (
        Pair("kombu ↔ kombu", KOMBU, KOMBU, queue_type, "kombu"),
        Pair("aio-pika ↔ aio-pika", AIO_PIKA, AIO_PIKA, queue_type, "aio-pika"),
    )


PAIRS = (
    *raw("classic"),
    Pair("Nameko's proxy → Nameko", NAMEKO, PROXY, "classic"),
    Pair("orders' client → Nameko", NAMEKO, ORDERS, "classic"),
    *raw("quorum"),
    Pair("Nameko's proxy → the market's @rpc", NAMEKO, PROXY, "quorum"),
    Pair("orders' client → the market's @rpc", NAMEKO, ORDERS, "quorum"),
)


@dataclass
class Figures:
    """Of one pair with so many calls in flight, over all rounds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    runs: list[float] = field(default_factory=list)  # calls a second, of each round

    def add(self, seconds: float, latencies: list[float], cpu_seconds: dict[str, float]) -> None:
        self.seconds += seconds
        self.latencies += latencies
        self.runs.append(len(latencies) / seconds)
        for who, used in cpu_seconds.items():
            self.cpu_seconds[who] = self.cpu_seconds.get(who, 0.0) + used

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def cpu_micros(self) -> dict[str, int]:
        """A call's, by who used it."""
        return {who: round(used / len(self.latencies) * 1e6) for who, used in self.cpu_seconds.items()}

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def measure(
    pair: Pair, broker: Broker, log: Path, *, warm_up: float, seconds: float, into: dict[int, Figures]
) -> Iterator[str]:
    """Starts the server, and a client for each number in flight; gives a line of progress before each."""
    service = f"echo-{uuid.uuid4().hex[:8]}"
    what = ["--service", service, "--queue-type", pair.queue_type]
    times = ["--warm-up", str(warm_up), "--seconds", str(seconds)]
    env = {"AMQP_URL": broker.url}
    with running(pair.server, "serve", *what, env=env, log=log) as server:
        expect(server, "ready")
        for in_flight in IN_FLIGHT:
            yield f"{pair.name}, {pair.queue_type}, {in_flight} in flight …"
            more = [*what, *times, "--in-flight", str(in_flight)]
            with running(pair.client, "call", *more, env=env, log=log) as client:
                found = measured(client, {"server": server.pid, **broker.pids})
            latencies = [each / 1e6 for each in found.told["latencies_us"]]
            if not latencies:
                raise ProgramError(f"{pair.name}: no call ended within {seconds} s")
            used = {"caller": float(found.told["cpu_seconds"]), **found.cpu_seconds}
            into.setdefault(in_flight, Figures()).add(float(found.told["seconds"]), latencies, used)
