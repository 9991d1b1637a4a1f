"""The schema: how it is brought up to date, and the tables that are a seam (the shared relay reads and tidies
them).
"""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest
from orders.container import Container
from orders.processes import migrate_once, migrated
from orders.settings import Settings

from bazaar_shared.management import Health
from bazaar_shared.migrations import LOCK_SQL, MIGRATION_LOCK
from bazaar_shared.testing import aeventually, temporary_database
from tests.component.conftest import server

INDEXES = "select indexname from pg_indexes where tablename in ('outbox', 'inbox') order by indexname"
WANTED = ["inbox_handled", "inbox_pkey", "outbox_pkey", "outbox_sent", "outbox_unsent"]
# as the first migration left it before the shared library's tables got these
BEFORE = "drop index outbox_sent, inbox_handled; update alembic_version set version_num = '0001'"
HOLDERS = """
select pid from pg_locks join pg_database on pg_database.oid = database
where locktype = 'advisory' and granted and datname = current_database()
  and (classid::bigint << 32) + objid::bigint = $1
"""
WAITING = """
select pid, now() - query_start as since from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock' and query ilike 'create index%'
"""


@pytest.fixture
def fresh(settings: Settings) -> Iterator[Settings]:
    with temporary_database(server("TEST_POSTGRES_URL"), "test_orders") as url:
        yield settings.model_copy(update={"database_url": url})


async def migrate_alone(settings: Settings) -> None:
    await migrate_once(Container(settings=settings))


class CountedBeats(Health):
    beats = 0

    def beat(self) -> None:
        self.beats += 1
        super().beat()


async def indexes(connection: asyncpg.Connection) -> list[str]:
    return [row["indexname"] for row in await connection.fetch(INDEXES)]


async def test_a_new_database_and_one_of_the_first_version_get_the_same_indexes(fresh: Settings) -> None:
    await migrate_alone(fresh)
    connection = await asyncpg.connect(fresh.dsn)
    assert await indexes(connection) == WANTED
    await connection.execute(BEFORE)
    await migrate_alone(fresh)
    assert await indexes(connection) == WANTED
    assert await connection.fetch(HOLDERS, MIGRATION_LOCK) == []
    await connection.close()


async def test_slow_ddl_is_not_cancelled_and_runs_where_the_lock_is(
    fresh: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits longer than a request's statement may, on the very connection that holds the lock."""
    monkeypatch.setattr("orders.container._COMMAND_TIMEOUT", 0.2)
    await migrate_alone(fresh)
    connection = await asyncpg.connect(fresh.dsn)
    await connection.execute(BEFORE)
    busy = await asyncpg.connect(fresh.dsn)
    transaction = busy.transaction()
    await transaction.start()
    await busy.execute("lock table outbox, inbox in row exclusive mode")
    migration = asyncio.create_task(migrate_alone(fresh))

    async def waits_for_long() -> int:
        assert not migration.done(), migration
        waiting = await connection.fetchrow(WAITING)
        assert waiting is not None
        assert waiting["since"].total_seconds() > 0.4
        return int(waiting["pid"])

    worker = await aeventually(waits_for_long)
    assert [row["pid"] for row in await connection.fetch(HOLDERS, MIGRATION_LOCK)] == [worker]
    await transaction.commit()
    await migration
    assert await indexes(connection) == WANTED
    await busy.close()
    await connection.close()


async def test_all_loops_are_alive_while_they_wait_for_the_schema(fresh: Settings) -> None:
    """However long it takes: who is not alive is restarted, and would begin again."""
    holder = await asyncpg.connect(fresh.dsn)
    await holder.execute(LOCK_SQL)
    boards = {"": CountedBeats("schema"), "relay": CountedBeats("database")}
    migration = asyncio.create_task(migrated(Container(settings=fresh), boards, asyncio.Event()))
    for board in boards.values():
        await aeventually(lambda board=board: board.beats >= 2)
    assert not migration.done()
    assert boards[""].get("schema") is not True
    await holder.close()
    assert await migration
    assert boards[""].get("schema") is True


# as the second migration left it, with an order in it
BEFORE_BASKETS = """
drop index orders_living_basket;
alter table orders drop column basket_id, drop column basket_version;
update alembic_version set version_num = '0002';
insert into orders (id, shopper_id, status, total_minor, tax_minor, currency, delivery_address)
values ('8d8ac610-566d-4ef0-9c22-186b2a5ed793', 'somebody', 'confirmed', 100, 19, 'EUR', '{}')
"""
BASKETS = "select id::text, basket_id, basket_version from orders"


async def test_orders_of_before_there_were_baskets_have_none(fresh: Settings) -> None:
    await migrate_alone(fresh)
    connection = await asyncpg.connect(fresh.dsn)
    await connection.execute(BEFORE_BASKETS)
    await migrate_alone(fresh)
    [order] = await connection.fetch(BASKETS)
    assert tuple(order) == ("8d8ac610-566d-4ef0-9c22-186b2a5ed793", None, None)
    # as the code before it writes one
    await connection.execute(BEFORE_BASKETS.rpartition(";")[2].replace("8d8a", "9d8a"))
    assert await connection.fetchval("select count(*) from orders where basket_id is null") == 2
    await connection.close()


async def test_nobody_waits_for_long_behind_a_migration_that_waits(fresh: Settings) -> None:
    """A reader that takes its time holds the new columns up, and behind them all who come later: so the
    migration gives up, and tries again.
    """
    await migrate_alone(fresh)
    reader = await asyncpg.connect(fresh.dsn)
    await reader.execute(BEFORE_BASKETS)
    reading = reader.transaction()
    await reading.start()
    await reader.fetch("select id from orders")
    boards = {"": CountedBeats("schema")}
    migration = asyncio.create_task(migrated(Container(settings=fresh), boards, asyncio.Event()))

    def gave_up() -> bool:
        return "lock timeout" in str(boards[""].get("schema"))

    await aeventually(gave_up, within=20)
    await reader.fetch("select id from orders")
    assert not migration.done()
    await reading.commit()
    assert await migration
    assert len(await reader.fetch(BASKETS)) == 1
    await reader.close()
