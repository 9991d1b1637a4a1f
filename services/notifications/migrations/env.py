"""Run by notifications.migrate only: the connection, and the lock on it, are its."""

from alembic import context
from notifications.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
