"""What runs in one process: the HTTP server, the loops, or both; each with the management port beside it."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress

import uvicorn
from sqlalchemy import text

from bazaar_shared.consumer import replay_dead_letters, run_consumer
from bazaar_shared.management import Health, Management
from bazaar_shared.relay import run_relay
from orders.app import create_app
from orders.container import Container, close
from orders.events.incoming import CONSUMER, DEAD_LETTERS, TOPICS
from orders.migrate import migrate
from orders.saga.worker import DATABASE_ERRORS
from orders.settings import Settings

logger = logging.getLogger(__name__)

# longer than the gateway keeps an idle connection: it never sends into one that is being closed here
KEEP_ALIVE_SECONDS = 75
_SHUTDOWN_SECONDS = 20
_PROBE_SECONDS = 1.0


async def relay(container: Container, health: Health, stop: asyncio.Event) -> None:
    settings = container.settings()
    await run_relay(settings.dsn, settings.kafka_bootstrap_servers, name="orders", stop=stop, health=health)


async def consume(container: Container, health: Health, stop: asyncio.Event) -> None:
    await run_consumer(
        container.settings().kafka_bootstrap_servers,
        group=CONSUMER,
        topics=TOPICS,
        handle=container.incoming().handle,
        dead_letter_topic=DEAD_LETTERS,
        stop=stop,
        health=health,
    )


async def saga(container: Container, health: Health, stop: asyncio.Event) -> None:
    watch = asyncio.create_task(_watch_rpc(container, health))
    try:
        await container.saga_worker().run(stop, health)
    finally:
        watch.cancel()


async def _watch_rpc(container: Container, health: Health) -> None:
    while True:
        try:
            async with asyncio.timeout(5):
                await container.rpc().connect()
            health.set("rabbitmq", True)
        except Exception as error:  # noqa: BLE001 whatever it is: not ready, and the reason is shown
            health.set("rabbitmq", f"{type(error).__name__}: {error}"[:200])
        await asyncio.sleep(_PROBE_SECONDS)


type Loop = Callable[[Container, Health, asyncio.Event], Awaitable[None]]

LOOPS: Mapping[str, tuple[Loop, tuple[str, ...]]] = {
    "relay": (relay, ("database", "kafka")),
    "consume": (consume, ("kafka",)),
    "saga": (saga, ("database", "rabbitmq")),
}


async def run_loop(container: Container, name: str) -> None:
    """`python -m orders relay|consume|saga`."""
    settings = container.settings()
    loop, needs = LOOPS[name]
    health = Health("schema", *needs)
    stop = _stop_on_signals()
    with _management(settings, {"": health}):
        if await migrated(container, {"": health}, stop):
            await loop(container, health, stop)
    await close(container)


async def serve(container: Container) -> None:
    """`python -m orders serve`, with the loops that BACKGROUND names inside."""
    settings = container.settings()
    boards: dict[str, Health] = {
        name: Health(*LOOPS[name][1], prefix=f"{name}-") for name in sorted(settings.background)
    }
    health = Health("schema", "database")
    config = uvicorn.Config(
        create_app(container),
        host=settings.http_host,
        port=settings.http_port,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        # the gateway writes the access log; ours is JSON and set up already
        access_log=False,
        log_config=None,
        server_header=False,
    )
    # uvicorn takes the signals while it serves and raises them again at its end: then they only set this,
    # once more
    stop = _stop_on_signals()
    with _management(settings, {"": health} | boards):
        async with _beside(container, health, boards, stop):
            await uvicorn.Server(config).serve()
    await close(container)


@asynccontextmanager
async def _beside(
    container: Container, health: Health, boards: Mapping[str, Health], stop: asyncio.Event
) -> AsyncIterator[None]:
    """Migration, probe and background loops, as long as the server serves."""

    async def prepared(name: str) -> None:
        if name == "probe":
            await _probe(container, health, stop)
        else:
            await LOOPS[name][0](container, boards[name], stop)

    async def begin() -> None:
        if await migrated(container, {"": health, **boards}, stop):
            async with asyncio.TaskGroup() as group:
                for name in ("probe", *boards):
                    group.create_task(prepared(name))

    beside = asyncio.create_task(begin())
    try:
        yield
    finally:
        stop.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(_SHUTDOWN_SECONDS):
                await beside


async def migrated(container: Container, boards: Mapping[str, Health], stop: asyncio.Event) -> bool:
    """True when the schema is up to date; waits for a database that is not there yet."""
    beating = asyncio.create_task(_beat(boards.values()))
    try:
        return await _migrate_until(container, boards[""], stop)
    finally:
        beating.cancel()


async def _beat(boards: Iterable[Health]) -> None:
    """For the loops that can't begin yet: a long migration is no stuck process."""
    while True:
        for board in boards:
            board.beat()
        await asyncio.sleep(_PROBE_SECONDS)


async def _migrate_until(container: Container, health: Health, stop: asyncio.Event) -> bool:
    if not container.settings().migrate_on_start:
        health.set("schema", True)
    while not stop.is_set() and health.get("schema") is not True:
        try:
            await migrate(container.settings().sqlalchemy_url)
            health.set("schema", True)
        except DATABASE_ERRORS as error:
            health.set("schema", f"{type(error).__name__}: {error}"[:200])
            logger.warning("waiting for the database", extra={"reason": repr(error)[:300]})
            await _pause(stop, _PROBE_SECONDS)
    return not stop.is_set()


async def _probe(container: Container, health: Health, stop: asyncio.Event) -> None:
    """Readiness of the HTTP side, looked at in the background: an answer about health waits for nobody."""
    while not stop.is_set():
        try:
            async with asyncio.timeout(3), container.engine().connect() as connection:
                await connection.execute(text("select 1"))
            health.set("database", True)
        except DATABASE_ERRORS as error:
            health.set("database", f"{type(error).__name__}: {error}"[:200])
        health.beat()
        await _pause(stop, _PROBE_SECONDS)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


@contextmanager
def _management(settings: Settings, boards: Mapping[str, Health]) -> Iterator[None]:
    checks = {name: check for board in boards.values() for name, check in board.checks.items()}
    management = Management(
        settings.management_host,
        settings.management_port,
        live=lambda: all(board.alive() for board in boards.values()),
        ready=checks,
    )
    management.start()
    try:
        yield
    finally:
        management.stop()


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def migrate_once(container: Container) -> None:
    """`python -m orders migrate`."""
    try:
        await migrate(container.settings().sqlalchemy_url)
    finally:
        await close(container)


async def replay(container: Container) -> None:
    """`python -m orders replay-dead-letters`."""
    servers = container.settings().kafka_bootstrap_servers
    try:
        outcome = await replay_dead_letters(servers, DEAD_LETTERS, CONSUMER, container.incoming().handle)
    finally:
        await close(container)
    logger.info("dead letters replayed", extra={"handled": outcome.handled, "refused": outcome.refused})
