"""The composition root: what a process of chat is made of."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import httpx
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from bazaar_shared.auth import AsyncTokenVerifier, ServiceTokens
from chat.clients import catalog, identity, orders
from chat.clients.http import make_client
from chat.conversations.turns import Turns
from chat.live.feeds import PAGE
from chat.live.sources import Messages, OrderEvents
from chat.live.switchboard import Switchboard
from chat.live.wakeups import connect
from chat.settings import Settings
from chat.storage.database import Sessions, make_engine, make_sessions


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers are given, by Tornado's `initialize`."""

    settings: Settings
    engine: AsyncEngine
    sessions: Sessions
    turns: Turns
    redis: Redis
    verifier: AsyncTokenVerifier
    identity: identity.Identity
    catalog: catalog.Catalog
    orders: orders.Orders
    switchboard: Switchboard


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Services]:
    """Nothing connects yet: each does so with its first use, so that servers may come later."""
    async with AsyncExitStack() as stack:

        async def client(url: str, seconds: float) -> httpx.AsyncClient:
            return await stack.enter_async_context(make_client(url, seconds))

        engine = make_engine(settings)
        stack.push_async_callback(engine.dispose)
        redis = connect(settings.redis)
        stack.push_async_callback(redis.aclose)
        verifier = AsyncTokenVerifier(settings.jwks_url, settings.token_issuer, settings.token_audience)
        stack.push_async_callback(verifier.aclose)
        tokens = ServiceTokens(settings.token_url, "chat", settings.client_secret_file)
        stack.push_async_callback(tokens.aclose)
        people = identity.Identity(await client(settings.identity_url, identity.SECONDS), tokens)
        sessions = make_sessions(engine)
        yield Services(
            settings=settings,
            engine=engine,
            sessions=sessions,
            turns=Turns(),
            redis=redis,
            verifier=verifier,
            identity=people,
            catalog=catalog.Catalog(await client(settings.catalog_url, catalog.SECONDS)),
            orders=orders.Orders(await client(settings.orders_url, orders.SECONDS)),
            switchboard=Switchboard(
                # of this process and no other, also of one that has its name after it
                replica=f"{settings.process_name}-{uuid4().hex[:8]}",
                redis=redis,
                sessions=sessions,
                messages=Messages(sessions, people),
                orders=OrderEvents(sessions),
                poll_seconds=settings.poll_seconds,
                page=min(PAGE, settings.client_queue),
            ),
        )
