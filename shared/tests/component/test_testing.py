import asyncpg
import pytest

from bazaar_shared.auth import AsyncTokenVerifier, TokenVerifier
from bazaar_shared.testing import TokenForge, temporary_database


def test_a_verifier_reads_the_keys_over_http() -> None:
    forge = TokenForge()
    with forge.serving() as url:
        verifier = TokenVerifier(url, forge.issuer, forge.audience)
        assert verifier.verify(forge.token("alice")).subject == "alice"
        verifier.close()


async def test_and_an_asynchronous_one() -> None:
    forge = TokenForge()
    with forge.serving() as url:
        verifier = AsyncTokenVerifier(url, forge.issuer, forge.audience)
        assert (await verifier.verify(forge.token("alice"))).subject == "alice"
        await verifier.aclose()


async def test_a_temporary_database_is_gone_at_the_end_whoever_is_connected(postgres_url: str) -> None:
    with temporary_database(postgres_url, "test_shared", "create table t (n int)") as url:
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("select count(*) from t") == 0
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.fetchval("select 1")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url)


def test_a_statement_that_fails_is_seen_and_nothing_stays(postgres_url: str) -> None:
    with (
        pytest.raises(asyncpg.PostgresSyntaxError),
        temporary_database(postgres_url, "test_shared", "create nonsense"),
    ):
        pass
