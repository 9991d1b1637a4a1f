"""What begins and ends with the server: connections are opened in the process and loop that serve, and closed
when the last request is done. The loops beside it are tasks of Sanic's.
"""

import asyncio
import logging

from tortoise.contrib.sanic import register_tortoise

from basket.api.context import BasketApp
from basket.baskets.expiry import expire
from basket.database import DATABASE_ERRORS, tortoise_config
from basket.schema import migrate_until_done, probe
from bazaar_shared.auth import AsyncTokenVerifier
from bazaar_shared.management import Management

logger = logging.getLogger(__name__)

_PROBE_SECONDS = 1.0


def install(app: BasketApp) -> None:
    app.before_server_start(open_verifier)
    app.before_server_start(start_management)
    # opens its pool with the first query, so that the database may come later
    register_tortoise(app, config=tortoise_config(app.ctx.settings))
    app.after_server_start(begin_tasks)
    app.after_server_stop(close)


async def open_verifier(app: BasketApp) -> None:
    settings = app.ctx.settings
    app.ctx.verifier = AsyncTokenVerifier(settings.jwks_url, settings.token_issuer, settings.token_audience)


async def start_management(app: BasketApp) -> None:
    settings, health = app.ctx.settings, app.ctx.health
    app.ctx.management = Management(
        settings.management_host, settings.management_port, live=health.alive, ready=health.checks
    )
    app.ctx.management.start()


async def begin_tasks(app: BasketApp) -> None:
    app.add_task(beside(app), name="beside")


async def beside(app: BasketApp) -> None:
    """The schema first; then readiness is watched, and forgotten baskets expire. Should this end,
    `/health/live` says so a minute later.
    """
    try:
        await migrate_until_done(app.ctx.settings, app.ctx.health)
        async with asyncio.TaskGroup() as group:
            group.create_task(probe(app.ctx.health))
            group.create_task(expire_for_ever(app))
    except Exception:
        # Sanic keeps the exception of a task to itself
        logger.critical("the loops beside the server have ended", exc_info=True)
        raise


async def expire_for_ever(app: BasketApp) -> None:
    settings = app.ctx.settings
    while True:
        more = False
        try:
            more = await expire(settings.guest_lifetime)
        except DATABASE_ERRORS as error:
            logger.warning("forgotten baskets wait for the database", extra={"reason": repr(error)[:300]})
        await asyncio.sleep(_PROBE_SECONDS if more else settings.basket_expiry_interval)


async def close(app: BasketApp) -> None:
    app.ctx.management.stop()
    await app.ctx.verifier.aclose()
