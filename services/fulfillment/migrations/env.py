"""One environment for the four databases; `fulfillment.migrate` gives it the connection and says whose
versions to run.
"""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata"),
)
with context.begin_transaction():
    context.run_migrations()
