"""The servers that are measured, each on a port of its own: Go's, the bare Tornado, and chat as it is."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx

from bazaar_shared.testing import temporary_database
from tools.bench import chat_memory
from tools.bench.chat_client import Seat
from tools.bench.chat_go import ROOT, Built
from tools.bench.chat_neighbors import Neighbors, product, shopper, staff

CHAT = ROOT / "services" / "chat"
PYTHON = CHAT / ".venv" / "bin" / "python"
STATE = ROOT / ".bazaar" / "bench"
BARE = Path(__file__).resolve().parent / "chat_tornado.py"
LOG = STATE / "chat.log"
LOCAL = "127.0.0.1"
HALL_SHOPPER = -1
START, STOP, ANSWER = 60.0, 30.0, 30.0
AT_ONCE = 8
SETTINGS = ("server_version", "fsync", "synchronous_commit", "shared_buffers", "max_connections")


class ChatStageError(Exception):
    pass


@dataclass(frozen=True)
class Subject:
    """A running server. `watched` are processes whose time is shown beside it."""

    port: int
    pid: int
    rooms: Sequence[str]
    hall: str
    neighbors: Neighbors | None = None
    watched: Mapping[str, int] = field(default_factory=dict)

    def seats(self, sockets: int, readers: int) -> list[Seat]:
        """In each conversation its shopper, and the stall's account with all other sockets."""
        return [self._seat(number // readers, is_shopper=number % readers == 0) for number in range(sockets)]

    def _seat(self, room: int, *, is_shopper: bool) -> Seat:
        if self.neighbors is None:
            return Seat("", (self.rooms[room],))
        account = shopper(room) if is_shopper else staff(room)
        return Seat(self.neighbors.token(account), (self.rooms[room],))


@asynccontextmanager
async def go(built: Built, rooms: Sequence[str]) -> AsyncIterator[Subject]:
    # one processor at a time, as a process of Python has it
    async with _printing_its_port([str(built.binary)], {"GOMAXPROCS": "1"}) as (port, pid):
        yield Subject(port, pid, rooms, hall="hall")


@asynccontextmanager
async def bare_tornado(rooms: Sequence[str]) -> AsyncIterator[Subject]:
    async with _printing_its_port([str(PYTHON), str(BARE)], {}) as (port, pid):
        yield Subject(port, pid, rooms, hall="hall")


@asynccontextmanager
async def chat(servers: Mapping[str, str], neighbors: Neighbors, rooms: int) -> AsyncIterator[Subject]:
    """The service with a database of its own; its conversations are begun through its API."""
    with temporary_database(servers["TEST_POSTGRES_URL"], "bench_chat") as database:
        http, management = free_port(), free_port()
        settings = chat_settings(servers, neighbors, database) | {
            "HTTP_PORT": str(http),
            "MANAGEMENT_PORT": str(management),
        }
        async with _server([str(PYTHON), "-m", "chat", "serve"], settings) as process:
            await _ready(process, management)
            begun = await begin(http, neighbors, rooms)
            yield Subject(http, process.pid, begun[1:], begun[0], neighbors, listeners(servers))


def chat_settings(servers: Mapping[str, str], neighbors: Neighbors, database: str) -> dict[str, str]:
    files = {"CLIENT_SECRET_FILE": "client_secret", "COOKIE_KEY_FILE": "cookie_key"}
    STATE.mkdir(parents=True, exist_ok=True)
    for name in files.values():
        (STATE / name).write_text(secrets.token_urlsafe(32), encoding="utf-8")
    return {
        "DATABASE_URL": database,
        "REDIS_URL": servers["TEST_REDIS_URL"],
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",  # another process of chat reads it, which is not measured
        "IDENTITY_URL": neighbors.url,
        "CATALOG_URL": neighbors.url,
        "ORDERS_URL": neighbors.url,
        "JWKS_URL": f"{neighbors.url}/api/jwks",
        "TOKEN_ISSUER": neighbors.forge.issuer,
        "TOKEN_AUDIENCE": neighbors.forge.audience,
        "LOG_LEVEL": "WARNING",
        **{name: str(STATE / file) for name, file in files.items()},
    }


async def begin(port: int, neighbors: Neighbors, rooms: int) -> list[str]:
    """A conversation of each shopper with the stall of the same number; before them, that of the hall."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(account: str, number: int) -> str:
        async with gate:
            answer = await http.post(
                "/api/chat/conversations",
                json={"subject": {"kind": "product", "id": product(number)}},
                headers={"Authorization": f"Bearer {neighbors.token(account)}"},
            )
        if answer.status_code != 201:
            raise ChatStageError(f"no conversation: {answer.status_code} {answer.text[:300]}")
        return str(answer.json()["id"])

    async with httpx.AsyncClient(base_url=f"http://{LOCAL}:{port}", timeout=ANSWER) as http:
        # the hall is of the first stall, where everybody works, with a shopper of its own
        hall = one(shopper(HALL_SHOPPER), 0)
        return list(await asyncio.gather(hall, *(one(shopper(room), room) for room in range(rooms))))


def listeners(servers: Mapping[str, str]) -> dict[str, int]:
    """PostgreSQL and Redis, if they are processes of this machine."""
    urls = {"postgres": servers["TEST_POSTGRES_URL"], "redis": servers["TEST_REDIS_URL"]}
    pids = {name: chat_memory.listener(urlsplit(url).port or 0) for name, url in urls.items()}
    return {name: pid for name, pid in pids.items() if pid is not None}


async def database_settings(url: str) -> dict[str, str]:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return {name: await connection.fetchval(f"show {name}") for name in SETTINGS}
    finally:
        await connection.close()


def free_port() -> int:
    with socket.create_server((LOCAL, 0)) as listener:
        return int(listener.getsockname()[1])


# --- processes ------------------------------------------------------------------------------------


@asynccontextmanager
async def _server(
    command: Sequence[str], settings: Mapping[str, str], *, read: bool = False
) -> AsyncIterator[subprocess.Popen[bytes]]:
    """In the background, what it says in a file (or its output to be read); it ends with the block."""
    STATE.mkdir(parents=True, exist_ok=True)
    with LOG.open("wb") as log:
        process = subprocess.Popen(  # noqa: ASYNC220 - a moment, before anything is measured
            command,
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if read else log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@asynccontextmanager
async def _printing_its_port(
    command: Sequence[str], settings: Mapping[str, str]
) -> AsyncIterator[tuple[int, int]]:
    async with _server(command, settings, read=True) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        line = await asyncio.wait_for(asyncio.to_thread(process.stdout.readline), START)
        if not line.strip().isdigit():
            raise ChatStageError(f"{command[0]} did not start: see {LOG}")
        yield int(line), process.pid


async def _ready(process: subprocess.Popen[bytes], management: int) -> None:
    deadline = time.monotonic() + START
    async with httpx.AsyncClient(timeout=2) as http:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise ChatStageError(f"chat ended with {process.returncode}: see {LOG}")
            try:
                if (await http.get(f"http://{LOCAL}:{management}/health/ready")).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.2)
    raise ChatStageError(f"chat was not ready within {START:.0f} s: see {LOG}")
