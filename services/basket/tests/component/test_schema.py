"""What the database itself refuses, and that models and migrations are one."""

from uuid import uuid4

import asyncpg
import pytest
from basket.database import APPS, TORTOISE_ORM, migrate
from basket.settings import Settings, load
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError
from tortoise.migrations.autodetector import MigrationAutodetector

from bazaar_shared.testing import temporary_database
from tests.component.conftest import Shop, server


async def test_the_models_are_what_the_migrations_make() -> None:
    async with TortoiseContext() as context:
        await context.init(TORTOISE_ORM, init_connections=False)
        assert context.apps is not None
        assert await MigrationAutodetector(context.apps, APPS).changes() == []


@pytest.mark.parametrize("quantity", [0, -1, 100])
async def test_quantities(shop: Shop, quantity: int) -> None:
    tea = await shop.sell()
    guest = await shop.guest()
    with pytest.raises(asyncpg.CheckViolationError, match="quantity_1_to_99"):
        await shop.pool.execute(
            "insert into basket_line (basket_id, product_id, quantity, added_price_minor)"
            " values ($1::uuid, $2, $3, 1)",
            guest.id,
            tea,
            quantity,
        )


async def test_one_line_a_product(shop: Shop) -> None:
    tea = await shop.sell()
    guest = await shop.guest()
    await guest.add(tea)
    with pytest.raises(asyncpg.UniqueViolationError, match="one_line_a_product"):
        await shop.pool.execute(
            "insert into basket_line (basket_id, product_id, quantity, added_price_minor)"
            " select basket_id, product_id, 1, 1 from basket_line"
        )


async def test_one_open_basket_a_member(shop: Shop) -> None:
    await shop.member(str(uuid4()))
    copy = (
        "insert into basket"
        " (id, shopper_id, status, currency, version, left_out, created_at, updated_at, touched_at)"
        " select gen_random_uuid(), shopper_id, $1, 'EUR', 1, '[]', now(), now(), now() from basket"
    )
    await shop.pool.execute(copy, "checked_out")
    with pytest.raises(asyncpg.UniqueViolationError, match="one_open_basket"):
        await shop.pool.execute(copy + " limit 1", "open")


async def test_a_basket_is_a_guests_or_a_members(shop: Shop) -> None:
    await shop.guest()
    for both in ("shopper_id = gen_random_uuid()", "token_hash = null"):
        with pytest.raises(asyncpg.CheckViolationError, match="of_a_guest_or_a_member"):
            await shop.pool.execute(f"update basket set {both}")


async def test_migrating_again_finds_nothing_to_do(settings: Settings, pool: asyncpg.Pool) -> None:
    before = await pool.fetch("select name, applied_at from tortoise_migrations")
    await migrate(settings)
    assert await pool.fetch("select name, applied_at from tortoise_migrations") == before


async def test_a_migration_and_its_note_are_one(jwks_url: str) -> None:
    """The note fails, so nothing of the migration stays, and the next start can try again."""
    with temporary_database(server("TEST_POSTGRES_URL"), "test_basket") as url:
        settings = load(database_url=url, jwks_url=jwks_url, kafka_bootstrap_servers="127.0.0.1:1")
        connection = await asyncpg.connect(url)
        await connection.execute(
            "create table tortoise_migrations"
            " (id serial, app text, name text, applied_at timestamptz constraint no_note check (false))"
        )
        with pytest.raises(IntegrityError, match="no_note"):
            await migrate(settings)
        assert await connection.fetchval("select to_regclass('basket')") is None
        await connection.execute("drop table tortoise_migrations")
        await migrate(settings)
        assert await connection.fetchval("select count(*) from tortoise_migrations") == 1
        await connection.close()
