"""The contract is one: in the package, at the running service, in shared/contracts."""

import json
from pathlib import Path

import pytest
from identity.contract.specification import specification
from identity.tokens.interfaces import ISigningKeys
from sqlalchemy import Engine

from .world import API, Replica, problem


def test_the_published_contract_is_the_committed_one(identity: Replica, repository: Path):
    committed = json.loads(
        (repository / "shared/contracts/openapi/identity.json").read_text(encoding="utf-8")
    )

    assert identity.http.get(f"{API}/openapi.json").json == committed == specification()


def test_an_answer_that_breaks_the_contract_does_not_leave(replica_with, caplog: pytest.LogCaptureFixture):
    class Broken:
        def jwks(self):
            return {"keys": [{"kty": "OKP", "d": "a private key"}]}

    identity = replica_with(lambda config: config.register_service(Broken(), ISigningKeys))

    answer = identity.http.get("/.well-known/jwks.json", status=500)

    assert problem(answer)["type"] == "https://bazaar.example/problems/internal"
    assert "a private key" not in answer
    assert "an answer breaks our own contract" in caplog.text


def test_the_tables_are_those_of_the_models(engine: Engine):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from identity.persistence import Base

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_first_migration_can_be_taken_back(engine: Engine):
    from alembic import command
    from identity.migrations import alembic_config, migrate

    with engine.connect() as connection:
        command.downgrade(alembic_config(connection), "base")
    migrate(engine.url)
