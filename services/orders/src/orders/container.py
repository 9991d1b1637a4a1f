"""The composition root: what exists once in a process, and what is built from what.

Dependency Injector's part. A request's own things (principal, session, page) are FastAPI's:
api/dependencies.py is the one place where the two meet. Nothing below the root knows the container; tests
override its providers.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import asyncpg
import httpx
from dependency_injector import containers, providers
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine

from bazaar_shared.auth import AsyncTokenVerifier
from orders.api.tokens import RememberingVerifier
from orders.checkout.baskets import DEADLINE_SECONDS, Baskets
from orders.checkout.place import Checkout
from orders.events.incoming import IncomingEvents
from orders.rpc.client import RpcClient
from orders.saga.faults import FaultInjector
from orders.saga.observers import MetricsObserver, Observer, Observers
from orders.saga.runner import SagaRunner
from orders.saga.store import SagaStore
from orders.saga.worker import SagaWorker
from orders.settings import Settings

_CONNECT_TIMEOUT = 3
_COMMAND_TIMEOUT = 10
# who finds all of them busy waits within the request's deadline
_BASKET_CONNECTIONS = 32


def utc_now() -> datetime:
    return datetime.now(UTC)


def make_engine(settings: Settings) -> AsyncEngine:
    return create_async_engine(
        settings.sqlalchemy_url,
        pool_size=settings.database_connections,
        max_overflow=0,
        pool_timeout=_CONNECT_TIMEOUT,
        # a connection that died with the server is found out before it is used
        pool_pre_ping=True,
        connect_args={"timeout": _CONNECT_TIMEOUT, "command_timeout": _COMMAND_TIMEOUT},
    )


def make_pool(settings: Settings) -> asyncpg.Pool:
    """Opened by the application's lifespan."""
    return asyncpg.create_pool(
        settings.dsn,
        # none at the start: the process comes up before its database does
        min_size=0,
        max_size=settings.database_connections,
        timeout=_CONNECT_TIMEOUT,
        command_timeout=_COMMAND_TIMEOUT,
        reset=_reset_if_needed,
    )


async def _reset_if_needed(connection: asyncpg.Connection) -> None:
    """Our statements leave nothing in the session: a reset after each would be a second round trip."""
    if connection.is_in_transaction():
        await connection.reset()


def make_basket_client(settings: Settings) -> httpx.AsyncClient:
    """Without retries, httpx's default: the shopper's own request is the one that is made again."""
    return httpx.AsyncClient(
        base_url=settings.basket_url,
        timeout=DEADLINE_SECONDS,
        limits=httpx.Limits(max_connections=_BASKET_CONNECTIONS),
        # inside the network: no proxy that the environment names
        trust_env=False,
    )


def make_observer(settings: Settings) -> Observer:
    observers: list[Observer] = [MetricsObserver()]
    if settings.saga_crash_at or settings.fault_file:
        observers.append(FaultInjector(settings.saga_crash_at, settings.fault_file))
    return Observers(observers)


class Container(containers.DeclarativeContainer):
    settings = providers.Dependency(instance_of=Settings)
    clock: providers.Provider[Callable[[], datetime]] = providers.Object(utc_now)

    engine = providers.Singleton(make_engine, settings)
    sessions = providers.Singleton(async_sessionmaker, engine, expire_on_commit=False)
    pool = providers.Singleton(make_pool, settings)
    keys = providers.Singleton(
        AsyncTokenVerifier,
        settings.provided.jwks_url,
        settings.provided.token_issuer,
        settings.provided.token_audience,
    )
    verifier = providers.Singleton(RememberingVerifier, keys)
    rpc = providers.Singleton(RpcClient, settings.provided.amqp, in_flight=settings.provided.rpc_in_flight)
    observer = providers.Singleton(make_observer, settings)

    basket_client = providers.Singleton(make_basket_client, settings)
    baskets = providers.Singleton(Baskets, basket_client)
    checkout = providers.Singleton(
        Checkout, pool, baskets, settings.provided.market_currency, settings.provided.saga_deadline
    )
    incoming = providers.Singleton(IncomingEvents, sessions)

    saga_store = providers.Singleton(SagaStore, sessions, settings.provided.lease, clock)
    saga_runner = providers.Singleton(
        SagaRunner, saga_store, rpc, observer, clock, settings.provided.saga_step_timeout
    )
    saga_worker = providers.Singleton(
        SagaWorker,
        saga_store,
        saga_runner,
        dsn=settings.provided.dsn,
        concurrency=settings.provided.saga_concurrency,
        poll=settings.provided.saga_poll,
    )


async def close(container: Container) -> None:
    """What was opened, in reverse."""
    await container.basket_client().aclose()
    await container.rpc().close()
    await container.verifier().aclose()
    pool = container.pool()
    # one that was never opened cannot be closed
    await pool
    pool.terminate()
    await container.engine().dispose()
