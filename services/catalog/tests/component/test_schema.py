"""Promises that files make: migrations, the outbox's seam, the committed OpenAPI document."""

import io
import json
import os
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from bazaar_shared.inbox import INBOX_DDL
from bazaar_shared.outbox import OUTBOX_DDL
from bazaar_shared.testing import temporary_database

CONTRACT = Path(__file__).parents[4] / "shared" / "contracts" / "openapi" / "catalog.json"

COLUMNS = """
select column_name, data_type, is_nullable, is_identity, identity_generation,
       replace(coalesce(column_default, ''), 'CURRENT_TIMESTAMP', 'now()')
from information_schema.columns where table_name = 'outbox' order by ordinal_position
"""
INDEXES = """
select indexdef from pg_indexes where tablename in ('outbox', 'inbox') order by tablename, indexname
"""


def test_no_migration_is_missing(db: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_djangos_own_checks_for_production(db: None) -> None:
    call_command("check", deploy=True, fail_level="ERROR", stderr=io.StringIO())


def test_outbox_and_inbox_are_the_tables_that_the_relay_reads(db: None) -> None:
    def described(cursor: Any) -> tuple[list[Any], list[Any]]:
        return cursor.execute(COLUMNS).fetchall(), cursor.execute(INDEXES).fetchall()

    with (
        temporary_database(os.environ["TEST_POSTGRES_URL"], "test_catalog", OUTBOX_DDL + INBOX_DDL) as url,
        psycopg.connect(url) as seam,
    ):
        wanted = described(seam.cursor())
    with connection.cursor() as cursor:
        assert described(cursor.cursor) == wanted


def test_the_openapi_document_is_the_committed_one() -> None:
    out = io.StringIO()
    call_command("openapi", stdout=out)
    if os.environ.get("WRITE_CONTRACTS") == "1":
        CONTRACT.write_text(out.getvalue(), "utf-8")
    assert json.loads(out.getvalue()) == json.loads(CONTRACT.read_text("utf-8"))


@pytest.mark.parametrize("path", ["/api/catalog/openapi.json", "/api/catalog/docs"])
def test_the_documentation_is_served_and_loads_nothing_from_elsewhere(client: Any, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    if path.endswith("docs"):
        page = answer.content.decode()
        assert "http" not in page.replace("http-equiv", "")
        assert "<script>" not in page
