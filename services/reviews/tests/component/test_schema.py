"""The tables are those of the models, however often and by however many they are made."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from reviews.migrate import alembic_config, migrate
from reviews.models import FOREIGN_TABLES, Base
from sqlalchemy import Engine, create_engine, make_url, text

from bazaar_shared.testing import temporary_database

from .conftest import server
from .world import at_once


def ours(_object: object, name: str | None, kind: str, *_: object) -> bool:
    return kind != "table" or name not in FOREIGN_TABLES


def test_the_tables_are_those_of_the_models(engine: Engine):
    with engine.connect() as connection:
        options = {"compare_type": True, "include_object": ours}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_three_replicas_migrate_at_once_and_the_first_migration_can_be_taken_back():
    with temporary_database(server("TEST_POSTGRES_URL"), "test_reviews") as url:
        at_once(*[lambda: migrate(url) for _ in range(3)])

        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
        with engine.connect() as connection:
            assert connection.execute(text("select version_num from alembic_version")).scalars().all() == [
                "0001"
            ]
            connection.commit()
            command.downgrade(alembic_config(connection), "base")
            connection.commit()
            left = text("select tablename from pg_tables where schemaname = 'public'")
            assert connection.execute(left).scalars().all() == ["alembic_version"]
        engine.dispose()
        migrate(url)
