from datetime import UTC, datetime, timedelta

import pytest
from orders.api import tokens
from orders.api.tokens import RememberingVerifier

from bazaar_shared.auth import AsyncTokenVerifier, InvalidToken, Principal


class CountingVerifier(AsyncTokenVerifier):
    def __init__(self, valid_for: float = 600) -> None:
        self.asked: list[str] = []
        self.valid_for = valid_for

    async def verify(self, token: str) -> Principal:
        self.asked.append(token)
        if token == "bad":
            raise InvalidToken("bad")
        until = datetime.now(UTC) + timedelta(seconds=self.valid_for)
        return Principal(f"of {token}", frozenset({"shopper"}), None, None, until)


async def test_a_good_token_is_verified_once() -> None:
    verifier = CountingVerifier()
    remembering = RememberingVerifier(verifier)
    first = await remembering.verify("good")
    assert await remembering.verify("good") is first
    assert (await remembering.verify("other")).subject == "of other"
    assert verifier.asked == ["good", "other"]


async def test_a_bad_token_is_never_remembered() -> None:
    verifier = CountingVerifier()
    remembering = RememberingVerifier(verifier)
    for _ in range(2):
        with pytest.raises(InvalidToken):
            await remembering.verify("bad")
    assert verifier.asked == ["bad", "bad"]


async def test_no_longer_than_it_is_valid() -> None:
    verifier = CountingVerifier(valid_for=0)
    remembering = RememberingVerifier(verifier)
    await remembering.verify("old")
    await remembering.verify("old")
    assert verifier.asked == ["old", "old"]


async def test_no_longer_than_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    verifier = CountingVerifier()
    remembering = RememberingVerifier(verifier)
    now = 1000.0
    monkeypatch.setattr(tokens, "monotonic", lambda: now)
    await remembering.verify("good")
    now += 59
    await remembering.verify("good")
    assert verifier.asked == ["good"]
    now += 2
    await remembering.verify("good")
    assert verifier.asked == ["good", "good"]


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_MOST", 2)
    verifier = CountingVerifier()
    remembering = RememberingVerifier(verifier)
    for token in ("a", "b", "a", "c", "a", "b"):
        await remembering.verify(token)
    assert verifier.asked == ["a", "b", "c", "b"], "the least recently used went first"
