"""A market on the test servers: the services' own processes, without gateway and supervisor.

What docker-compose.yml says of each process holds here too; only the addresses differ.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import yaml
from aiokafka.admin import AIOKafkaAdminClient

from infra import definition
from native.compose import Compose, Process, load
from native.native_mode import free_port
from tests.kit.market import ROOT, eventually

LOCAL = "127.0.0.1"
PROCESSES = [
    "identity", "catalog", "catalog-relay", "catalog-consume", "orders", "orders-relay", "orders-consume",
    "orders-saga", "inventory", "payments", "shipping", "processor",
    "fulfillment-relay", "fulfillment-consume", "basket", "basket-relay", "basket-consume", "reviews",
    "reviews-relay", "reviews-consume", "chat", "chat-2", "chat-consume", "notifications-consume",
    "clickstream", "insights",
]  # fmt: skip
SEEDS = ["identity-seed", "catalog-seed", "fulfillment-seed", "reviews-seed"]


def infra(*arguments: str, env: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra", *arguments],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def little_market(folder: Path) -> dict[str, object]:
    """The demo market's first stall with its first products: enough to buy from, quick to load."""
    whole = yaml.safe_load((ROOT / "demo" / "market.yaml").read_text("utf-8"))
    seller = whole["sellers"][0]
    products = [product for product in seller["products"] if product["stock"] >= 10][:4]
    market = whole | {"sellers": [seller | {"products": products}]}
    (folder / "pictures").mkdir(parents=True)
    for product in products:
        shutil.copy(ROOT / "demo" / product["picture"], folder / product["picture"])
    (folder / "market.yaml").write_text(yaml.safe_dump(market, allow_unicode=True), "utf-8")
    shutil.copy(ROOT / "demo" / "reviews.yaml", folder / "reviews.yaml")
    return market


async def without_small_topics(bootstrap: str) -> None:
    """Services' own tests leave topics of the market's names with one partition; insights wants them all."""
    wanted = {topic.name: topic.partitions for topic in definition.load().topics}
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        there = await admin.describe_topics([name for name in await admin.list_topics() if name in wanted])
        small = [each["topic"] for each in there if len(each["partitions"]) < wanted[each["topic"]]]
        if small:
            await admin.delete_topics(small)
        deadline = asyncio.get_running_loop().time() + 30
        while set(small) & set(await admin.list_topics()):
            assert asyncio.get_running_loop().time() < deadline, f"{small} are not gone"
            await asyncio.sleep(0.2)
    finally:
        await admin.close()


@dataclass
class Stage:
    folder: Path
    servers: Mapping[str, str]
    market: Mapping[str, object] = field(default_factory=dict)
    ports: dict[tuple[str, int], int] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    compose: Compose = field(default_factory=lambda: load({}))

    def url(self, process: str) -> str:
        return f"http://{LOCAL}:{self._here(process, self.compose.processes[process].http_port or 0)}"

    def provision(self) -> None:
        """Secrets, databases, vhost, rights and topics, by the project's own command."""
        secrets = self.folder / "secrets"
        database = urlsplit(self.servers["TEST_POSTGRES_URL"])
        (secrets / "postgres").mkdir(parents=True)
        (secrets / "postgres" / "superuser_password").write_text(database.password or "unused", "utf-8")
        infra("secrets", "--dir", str(secrets))
        management = urlsplit(self.servers["TEST_RABBITMQ_MANAGEMENT_URL"])
        body = {
            "password": (secrets / "rabbitmq" / "admin_password").read_text("utf-8").strip(),
            "tags": "administrator",
        }
        httpx.put(f"{management.geturl()}/api/users/admin", json=body, timeout=15).raise_for_status()
        env = {
            "SECRETS_DIR": str(secrets),
            "POSTGRES_URL": f"postgresql://{database.username}@{database.hostname}:{database.port}/postgres",
            "RABBITMQ_MANAGEMENT_URL": f"http://{management.hostname}:{management.port}",
            "KAFKA_BOOTSTRAP_SERVERS": self.servers["TEST_KAFKA_BOOTSTRAP"],
        }
        asyncio.run(without_small_topics(self.servers["TEST_KAFKA_BOOTSTRAP"]))
        infra("provision", env=env)
        self._redis_accounts(secrets / "redis")

    def _redis_accounts(self, secrets: Path) -> None:
        """On the test server, what infra/redis.sh gives the market's own Redis."""
        url = urlsplit(self.servers["TEST_REDIS_URL"])
        with socket.create_connection((url.hostname, url.port), timeout=15) as connection:
            for user in ("chat", "notifications"):
                password = (secrets / f"{user}_password").read_text("utf-8").strip()
                rights = f"~{user}:* &{user}:* +@all -@dangerous -@admin"
                connection.sendall(f"ACL SETUSER {user} reset on >{password} {rights}\r\n".encode())
                answer = connection.recv(1000)
                assert answer.startswith(b"+OK"), answer

    def start(self, name: str, **changed: str) -> None:
        """`changed`: settings of this one start."""
        process = self.compose.processes[name]
        assert process.project is not None
        log = (self.folder / f"{name}.log").open("ab")
        self.running[name] = subprocess.Popen(
            [str(process.project / ".venv" / "bin" / "python"), *process.command[1:]],
            env=self.environment(process) | changed,
            cwd=process.project,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()

    def ready(self, name: str, within: float = 90) -> None:
        port = self._here(name, self.compose.processes[name].management_port or 0)

        def answers() -> bool:
            try:
                return httpx.get(f"http://{LOCAL}:{port}/health/ready", timeout=5).status_code == 200
            except httpx.HTTPError:
                return False

        try:
            eventually(answers, within=within, every=0.3, what=f"{name} to be ready")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log(name)}") from None

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text("utf-8", errors="replace")[-3000:]

    def kill(self, name: str) -> None:
        child = self.running.pop(name)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()

    def seed(self) -> None:
        for name in SEEDS:
            process = self.compose.processes[name]
            env = self.environment(process) | {"DEMO_DIR": str(self.folder / "demo")}
            assert process.project is not None
            command = [str(process.project / ".venv" / "bin" / "python"), *process.command[1:]]
            done = subprocess.run(
                command,
                env=env,
                cwd=process.project,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr

    def stop(self) -> None:
        for name in list(self.running):
            self.kill(name)

    def environment(self, process: Process) -> dict[str, str]:
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        settings = {name: self._translated(value) for name, value in process.environment.items()}
        ports = {
            name: str(self._here(process.name, int(process.environment[name])))
            for name in ("HTTP_PORT", "MANAGEMENT_PORT")
            if name in process.environment
        }
        hurried = {"SHIPPING_DEPARTURE_SECONDS": "3600"}
        return {**keep, **settings, **ports, **hurried, "HTTP_HOST": LOCAL, "MANAGEMENT_HOST": LOCAL}

    def _translated(self, value: str) -> str:
        for path in ("/run/secrets", "/var/lib"):
            value = value.replace(path, str(self.folder / Path(path).name))
        names = "|".join(sorted(map(re.escape, self.compose.processes), key=len, reverse=True))
        return re.sub(
            rf"(?<![\w.-])({names}):(\d+)", lambda m: f"{LOCAL}:{self._here(m[1], int(m[2]))}", value
        )

    def _here(self, process: str, port: int) -> int:
        given = {
            "postgres": lambda: urlsplit(self.servers["TEST_POSTGRES_URL"]).port,
            "rabbitmq": lambda: urlsplit(self.servers["TEST_AMQP_URL"]).port,
            "redis": lambda: urlsplit(self.servers["TEST_REDIS_URL"]).port,
            "kafka": lambda: int(self.servers["TEST_KAFKA_BOOTSTRAP"].rsplit(":", 1)[1]),
        }
        if process in given:
            return given[process]() or 0
        if (process, port) not in self.ports:
            self.ports[process, port] = free_port()
        return self.ports[process, port]


@contextmanager
def stage(folder: Path, servers: Mapping[str, str]) -> Iterator[Stage]:
    stage = Stage(folder, servers, market=little_market(folder / "demo"))
    stage.provision()
    try:
        for name in PROCESSES:
            stage.start(name)
        for name in PROCESSES:
            stage.ready(name)
        stage.seed()
        yield stage
    finally:
        stage.stop()
