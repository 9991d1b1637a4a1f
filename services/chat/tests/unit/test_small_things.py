"""Limits, turns, caches, hints, channels and settings."""

import asyncio
import gc
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from chat.clients.cache import Cache
from chat.conversations.turns import Turns
from chat.errors import TooManyMessages, refusal_of
from chat.live import hints
from chat.live.hints import Hint
from chat.live.topics import Topic
from chat.settings import load
from chat.storage.database import DATABASE_ERRORS
from chat.storage.tables import Side
from chat.web.limits import BURST, Bucket

from bazaar_shared.problems import Problem
from bazaar_shared.settings import SettingsError

GOOD = {
    "database_url": "postgresql://chat@db/chat",
    "redis_url": "redis://chat@redis:6379/0",
    "kafka_bootstrap_servers": "k:1",
    "identity_url": "http://identity:8101",
    "catalog_url": "http://catalog:8102",
    "orders_url": "http://orders:8103",
    "client_secret_file": "/run/secrets/chat/client_secret",
    "cookie_key_file": "/run/secrets/chat/cookie_key",
    "jwks_url": "http://identity/jwks",
}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in GOOD:
        monkeypatch.delenv(name.upper(), raising=False)


def test_all_that_is_missing() -> None:
    with pytest.raises(SettingsError) as raised:
        load()
    for name in GOOD:
        assert f"{name.upper()} is missing" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("http_port", "70000"), ("poll_seconds", "0"), ("client_queue", "0"), ("orders_url", "orders:8103")],
)
def test_what_is_wrong_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name.upper()):
        load(**GOOD | {name: value})


def test_passwords_come_from_files_and_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss:w/rd\n")
    file = {"database_password_file": tmp_path / "password", "redis_password_file": tmp_path / "password"}
    settings = load(**GOOD | file)
    assert settings.redis == "redis://chat:p%40ss%3Aw%2Frd@redis:6379/0"
    assert settings.sqlalchemy_url.startswith("postgresql+asyncpg://chat:p%40ss")
    assert "p%40ss" not in repr(settings.redis)


def test_origins_are_a_list() -> None:
    settings = load(**GOOD, allowed_origins="https://a.example/, http://b.example:8080")
    assert settings.allowed_origins == {"https://a.example", "http://b.example:8080"}
    assert load(**GOOD).allowed_origins == frozenset()


def test_a_bucket_empties_and_fills(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("chat.web.limits.monotonic", lambda: now)
    bucket = Bucket()
    assert [bucket.take() for _ in range(int(BURST) + 2)].count(True) == BURST
    now = 0.5
    assert [bucket.take() for _ in range(10)].count(True) == 5
    now = 1000.0
    assert [bucket.take() for _ in range(200)].count(True) == BURST


async def test_turns_are_an_accounts_and_forgotten() -> None:
    turns, one, other = Turns(), uuid4(), uuid4()
    async with turns.of(one):
        assert turns.of(one).locked()
        assert not turns.of(other).locked()
        waiting = asyncio.create_task(turns.of(one).acquire())
        await asyncio.sleep(0)
        assert not waiting.done()
    await waiting
    gc.collect()
    assert not turns.of(one).locked()


def test_a_cache_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("chat.clients.cache.monotonic", lambda: now)
    cache: Cache[int, str | None] = Cache(60, most=2)
    for key in (1, 2, 3):
        cache.put(key, None)
    assert (cache.get(1), cache.get(3)) == (None, (None,))
    now = 60.0
    assert cache.get(3) is None


def test_hints_survive_what_is_not_understood() -> None:
    hint = Hint("typing", "chat-1", Side.SELLER, uuid4())
    assert hints.decode(hints.encode(hint)) == hint
    assert hints.decode(b"") == hints.decode(b"\xff") == hints.decode(b'{"kind":"newer"}') == Hint()


def test_channels_name_their_topic() -> None:
    topic = Topic.conversation(uuid4())
    assert Topic.of_channel(topic.channel) == topic
    assert topic.channel.startswith("chat:")
    assert Topic.of_channel("chat:everybody") is None


def test_a_refusal_for_what_is_foreseen_and_none_for_faults() -> None:
    limited = refusal_of(TooManyMessages(3.2))
    assert limited is not None
    assert (limited.problem.slug, limited.headers) == ("too-many-requests", {"Retry-After": "4"})
    away = refusal_of(ConnectionRefusedError())
    assert away is not None
    assert away.problem == Problem.of("unavailable")
    assert refusal_of(KeyError("x")) is None


@pytest.mark.parametrize(
    "error",
    [
        # of asyncpg, when BEGIN meets a connection that is just being cut; the dialect lets it through
        asyncpg.InternalClientError("got result for unknown protocol state 3"),
        asyncpg.AdminShutdownError(),
        ConnectionRefusedError(),
    ],
)
def test_a_database_that_is_away_is_no_error_of_ours(error: Exception) -> None:
    refusal = refusal_of(error)
    assert refusal
    assert refusal.problem == Problem.of("unavailable")
    assert isinstance(error, DATABASE_ERRORS)
