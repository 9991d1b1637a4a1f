"""The tables that are a seam: the shared relay reads and tidies them."""

from orders.migrate import migrate
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bazaar_shared.testing import temporary_database
from tests.component.conftest import server

INDEXES = "select indexname from pg_indexes where tablename in ('outbox', 'inbox') order by indexname"
WANTED = ["inbox_handled", "inbox_pkey", "outbox_pkey", "outbox_sent", "outbox_unsent"]
# as the first migration left it before the shared library's tables got these
BEFORE = "drop index outbox_sent, inbox_handled; update alembic_version set version_num = '0001'"


async def test_a_new_database_and_one_of_the_first_version_get_the_same_indexes() -> None:
    with temporary_database(server("TEST_POSTGRES_URL"), "test_orders") as url:
        engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
        await migrate(engine)
        async with engine.begin() as connection:
            assert list(await connection.scalars(text(INDEXES))) == WANTED
            for statement in BEFORE.split("; "):
                await connection.execute(text(statement))
        await migrate(engine)
        async with engine.connect() as connection:
            assert list(await connection.scalars(text(INDEXES))) == WANTED
        await engine.dispose()
