"""Alembic's hook. The caller hands over a connection that holds the migration lock:
`chat.storage.migrate`.
"""

from alembic import context
from chat.storage.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
