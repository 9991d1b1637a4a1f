"""The loop that finds sagas that are due and runs them, a bounded number at a time."""

import asyncio
import logging
from contextlib import suppress
from time import monotonic

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from bazaar_shared.management import Health
from orders.metrics import IN_FLIGHT
from orders.saga.calls import Claimed
from orders.saga.runner import SagaRunner
from orders.saga.store import Fenced, SagaStore

logger = logging.getLogger(__name__)

_MEASURE_EVERY = 5.0
_AFTER_TROUBLE = 1.0
DATABASE_ERRORS = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


class SagaWorker:
    def __init__(
        self, store: SagaStore, runner: SagaRunner, *, dsn: str, concurrency: int, poll: float
    ) -> None:
        self._store = store
        self._runner = runner
        self._dsn = dsn
        self._concurrency = concurrency
        self._poll = poll
        self._running: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._measure_at = 0.0

    async def run(self, stop: asyncio.Event, health: Health) -> None:
        """Until `stop` is set; those under way finish the call they are in. `health`: the name "database"."""
        listener = asyncio.create_task(self._listen())
        waker = asyncio.create_task(self._wake_on(stop))
        try:
            while not stop.is_set():
                await self._turn(stop, health)
                health.beat()
            await asyncio.gather(*self._running)
        finally:
            for task in (listener, waker):
                task.cancel()
            await asyncio.gather(listener, waker, return_exceptions=True)

    async def _turn(self, stop: asyncio.Event, health: Health) -> None:
        self._wake.clear()
        free = self._concurrency - len(self._running)
        try:
            claimed = await self._store.claim(free) if free else []
            if monotonic() >= self._measure_at:
                await self._store.measure()
                self._measure_at = monotonic() + _MEASURE_EVERY
            health.set("database", True)
        except DATABASE_ERRORS as error:
            health.set("database", f"{type(error).__name__}: {error}"[:200])
            logger.warning("sagas cannot be claimed", extra={"reason": repr(error)[:500]})
            await self._sleep(_AFTER_TROUBLE)
            return
        for saga in claimed:
            self._start(saga, stop)
        # NOTIFY, a place that becomes free, or the poll: retries come due without anybody telling
        await self._sleep(self._poll)

    def _start(self, saga: Claimed, stop: asyncio.Event) -> None:
        task = asyncio.create_task(self._run_one(saga, stop))
        self._running.add(task)
        IN_FLIGHT.set(len(self._running))
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        IN_FLIGHT.set(len(self._running))
        self._wake.set()

    async def _run_one(self, saga: Claimed, stop: asyncio.Event) -> None:
        try:
            await self._runner.run(saga, stop)
        except Fenced:
            logger.info("the saga was taken over", extra={"order_id": str(saga.order_id)})
        except DATABASE_ERRORS as error:
            # nothing is lost: the saga is due again when the lease ends
            extra = {"order_id": str(saga.order_id), "reason": repr(error)[:500]}
            logger.warning("the saga is left to the next claim", extra=extra)
        except Exception:
            logger.exception("the saga is left to the next claim", extra={"order_id": str(saga.order_id)})

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _listen(self) -> None:
        """NOTIFY is a wake-up only: without it, the poll finds the same sagas a little later."""
        while True:
            try:
                await self._listen_once()
            except DATABASE_ERRORS as error:
                logger.warning("not listening for new orders", extra={"reason": repr(error)[:500]})
            await asyncio.sleep(_AFTER_TROUBLE)

    async def _listen_once(self) -> None:
        closed = asyncio.Event()
        connection = await asyncpg.connect(self._dsn, timeout=5)
        try:
            connection.add_termination_listener(lambda _: closed.set())
            await connection.add_listener("saga", lambda *_: self._wake.set())
            await closed.wait()
        finally:
            connection.terminate()
