"""Migrations may run in several starting processes at once: each takes this advisory lock first, in its own
database.

Hold it on the session (`pg_advisory_lock`), not in the transaction: some migrations need several
transactions.
"""

MIGRATION_LOCK = int.from_bytes(b"migrate")
LOCK_SQL = f"select pg_advisory_lock({MIGRATION_LOCK})"
UNLOCK_SQL = f"select pg_advisory_unlock({MIGRATION_LOCK})"
