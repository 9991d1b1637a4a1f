"""Run by identity.migrations only: the connection, and the lock around it, are its."""

import identity.models  # noqa: F401 -- fills the metadata
from alembic import context
from identity.persistence import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transaction_per_migration=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
