import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from bazaar_shared import auth
from bazaar_shared.auth import (
    AsyncTokenVerifier,
    InvalidToken,
    KeysUnavailable,
    Principal,
    ServiceTokens,
    TokenUnavailable,
    TokenVerifier,
    bearer,
)
from bazaar_shared.testing import TokenForge

URL = "http://identity:8101/.well-known/jwks.json"
ISSUER = "https://identity.bazaar.example"


class Identity:
    """Identity's key endpoint as seen by the HTTP client: how often it was asked, and whether it is up."""

    def __init__(self) -> None:
        self.forge = TokenForge()
        self.asked = 0
        self.up = True
        self.answer: Any = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if not self.up:
            raise httpx.ConnectError("connection refused", request=request)
        return httpx.Response(200, json=self.forge.jwks() if self.answer is None else self.answer)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def identity() -> Identity:
    return Identity()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(auth, "monotonic", clock)
    return clock


type Verify = Callable[[str], Principal]


@pytest.fixture(params=["sync", "async"])
def verify(request: pytest.FixtureRequest, identity: Identity, clock: Clock) -> Any:
    """The same expectations hold for both verifiers."""
    transport = httpx.MockTransport(identity)
    if request.param == "sync":
        verifier = TokenVerifier(URL, ISSUER, "bazaar", client=httpx.Client(transport=transport))
        yield verifier.verify
        verifier.close()
        return
    with asyncio.Runner() as runner:

        async def make() -> AsyncTokenVerifier:
            return AsyncTokenVerifier(URL, ISSUER, "bazaar", client=httpx.AsyncClient(transport=transport))

        async def run(token: str) -> Principal:
            principal = await asynchronous.verify(token)
            if asynchronous._flight is not None:
                await asynchronous._flight
            return principal

        asynchronous = runner.run(make())
        yield lambda token: runner.run(run(token))
        runner.run(asynchronous.aclose())


def test_a_good_token_says_who_is_there(verify: Verify, identity: Identity) -> None:
    token = identity.forge.token("alice", ("shopper", "operator"), sid="s-1", jti="t-1", exp=4102444800)
    principal = verify(token)
    assert principal == Principal(
        subject="alice",
        roles=frozenset({"shopper", "operator"}),
        session_id="s-1",
        token_id="t-1",
        expires_at=datetime(2100, 1, 1, tzinfo=UTC),
    )
    assert principal.is_operator
    assert principal.has("shopper")
    assert not principal.has("seller")


def test_a_service_has_no_session(verify: Verify, identity: Identity) -> None:
    principal = verify(identity.forge.token("service:orders", ("service",), sid=None))
    assert principal.session_id is None
    assert not principal.is_operator


@pytest.mark.parametrize("kind", sorted(TokenForge().bad_tokens()))
def test_each_bad_token_is_refused(kind: str, verify: Verify, identity: Identity) -> None:
    verify(identity.forge.token())
    with pytest.raises(InvalidToken):
        verify(identity.forge.bad_tokens()[kind])


@pytest.mark.parametrize("kind", ["alg_none", "hs256_with_public_key", "no_token_at_all"])
def test_what_is_not_even_eddsa_asks_for_no_key(kind: str, verify: Verify, identity: Identity) -> None:
    with pytest.raises(InvalidToken):
        verify(identity.forge.bad_tokens()[kind])
    assert identity.asked == 0


@pytest.mark.parametrize(
    "changes",
    [{name: None} for name in ("exp", "iat", "sub", "aud", "iss")]
    + [
        {"sub": ""},
        {"sub": 7},
        {"roles": "operator"},
        {"roles": [1]},
        {"iat": 4102444800},
        {"nbf": 4102444800},
    ],
)
def test_claims_that_are_missing_or_odd_are_refused(
    changes: dict[str, Any], verify: Verify, identity: Identity
) -> None:
    claims = identity.forge.claims() | changes
    with pytest.raises(InvalidToken):
        verify(identity.forge.sign({name: value for name, value in claims.items() if value is not None}))


def test_a_clock_may_be_off_by_the_leeway_only(verify: Verify, identity: Identity) -> None:
    now = int(datetime.now(UTC).timestamp())
    verify(identity.forge.token(exp=now - 20))
    with pytest.raises(InvalidToken):
        verify(identity.forge.token(exp=now - 40))


def test_an_endless_token_is_not_even_read(verify: Verify, identity: Identity) -> None:
    with pytest.raises(InvalidToken, match="too long"):
        verify(identity.forge.token(padding="x" * 9000))
    assert identity.asked == 0


@pytest.mark.parametrize("token", ["\udcff", "a\udcff.b.c"], ids=ascii)
def test_what_is_no_text_is_no_token(token: str, verify: Verify, identity: Identity) -> None:
    with pytest.raises(InvalidToken, match="cannot be read"):
        verify(token)
    assert identity.asked == 0


def test_keys_are_fetched_once_for_many_tokens(verify: Verify, identity: Identity) -> None:
    for _ in range(5):
        verify(identity.forge.token())
    assert identity.asked == 1


def test_keys_are_fetched_again_when_the_cache_is_old(
    verify: Verify, identity: Identity, clock: Clock
) -> None:
    verify(identity.forge.token())
    clock.now += 301
    verify(identity.forge.token())
    assert identity.asked == 2


def test_a_new_key_is_learned_when_its_first_token_comes(
    verify: Verify, identity: Identity, clock: Clock
) -> None:
    old = identity.forge.token()
    verify(old)
    identity.forge.rotate()
    clock.now += 11
    assert verify(identity.forge.token("bob")).subject == "bob"
    assert identity.asked == 2
    with pytest.raises(InvalidToken, match="unknown"):
        verify(old)


def test_made_up_key_ids_cause_no_storm_of_fetches(verify: Verify, identity: Identity, clock: Clock) -> None:
    verify(identity.forge.token())
    for seconds in range(30):
        clock.now = 1000.0 + seconds
        with pytest.raises(InvalidToken):
            verify(identity.forge.unknown_kid())
    assert identity.asked == 3  # at 0, 10 and 20 s


def test_known_keys_serve_while_identity_is_down(verify: Verify, identity: Identity, clock: Clock) -> None:
    verify(identity.forge.token())
    identity.up = False
    clock.now += 3600
    assert verify(identity.forge.token("alice")).subject == "alice"
    with pytest.raises(InvalidToken):
        verify(identity.forge.foreign_key())


def test_an_unknown_key_can_not_be_judged_while_identity_is_down(
    verify: Verify, identity: Identity, clock: Clock
) -> None:
    verify(identity.forge.token())
    identity.up = False
    clock.now += 11
    with pytest.raises(KeysUnavailable):
        verify(identity.forge.unknown_kid())


def test_without_any_key_nothing_can_be_judged_until_identity_is_there(
    verify: Verify, identity: Identity, clock: Clock
) -> None:
    identity.up = False
    for _ in range(3):
        with pytest.raises(KeysUnavailable):
            verify(identity.forge.token())
    assert identity.asked == 1
    identity.up = True
    clock.now += 1.1
    assert verify(identity.forge.token("alice")).subject == "alice"


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"keys": []},
        {"keys": "none"},
        {"keys": ["x"]},
        {"keys": [{"kty": "oct", "kid": "a", "k": "c2VjcmV0"}]},
        {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "short"}]},
        {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]},
    ],
)
def test_a_key_set_without_a_usable_key_replaces_nothing(
    answer: Any, verify: Verify, identity: Identity, clock: Clock
) -> None:
    verify(identity.forge.token())
    identity.answer = answer
    clock.now += 301
    assert verify(identity.forge.token("alice")).subject == "alice"
    assert identity.asked == 2


def test_a_key_that_is_not_for_signing_is_no_key(verify: Verify, identity: Identity) -> None:
    (key,) = identity.forge.jwks()["keys"]
    identity.answer = {"keys": [key | {"use": "enc"}]}
    with pytest.raises(KeysUnavailable):
        verify(identity.forge.token())


def test_threads_share_one_fetch(identity: Identity) -> None:
    arrived, go = threading.Barrier(9), threading.Event()

    def slow(request: httpx.Request) -> httpx.Response:
        assert go.wait(5)
        return identity(request)

    verifier = TokenVerifier(URL, ISSUER, "bazaar", client=httpx.Client(transport=httpx.MockTransport(slow)))
    subjects = []

    def run() -> None:
        arrived.wait(5)
        subjects.append(verifier.verify(identity.forge.token("alice")).subject)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    arrived.wait(5)
    go.set()
    for thread in threads:
        thread.join(5)
    assert subjects == ["alice"] * 8
    assert identity.asked == 1
    verifier.close()


def test_who_comes_while_the_first_fetch_is_under_way_waits_for_it(identity: Identity) -> None:
    asked, go = threading.Event(), threading.Event()

    def slow(request: httpx.Request) -> httpx.Response:
        asked.set()
        assert go.wait(5)
        return identity(request)

    verifier = TokenVerifier(URL, ISSUER, "bazaar", client=httpx.Client(transport=httpx.MockTransport(slow)))
    token = identity.forge.token("alice")
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(verifier.verify, token)
        assert asked.wait(5)
        second = pool.submit(verifier.verify, token)
        # without the wait it would end at once, with KeysUnavailable
        assert wait([second], timeout=0.2).done == set()
        go.set()
        assert [each.result(5).subject for each in (first, second)] == ["alice", "alice"]
    assert identity.asked == 1
    verifier.close()


def test_who_knows_the_key_does_not_wait_for_a_fetch(identity: Identity, clock: Clock) -> None:
    asked, go = threading.Event(), threading.Event()

    def slow(request: httpx.Request) -> httpx.Response:
        if identity.asked:
            asked.set()
            assert go.wait(5)
        return identity(request)

    verifier = TokenVerifier(URL, ISSUER, "bazaar", client=httpx.Client(transport=httpx.MockTransport(slow)))
    token = identity.forge.token("alice")
    verifier.verify(token)
    clock.now += 301
    fetching = threading.Thread(target=verifier.verify, args=(token,))
    fetching.start()
    assert asked.wait(5)
    clock.now += 11  # also when the next fetch would be due
    assert verifier.verify(token).subject == "alice"
    go.set()
    fetching.join(5)
    assert identity.asked == 2
    verifier.close()


async def test_tasks_share_one_fetch_and_one_that_gives_up_does_not_end_it(identity: Identity) -> None:
    go, asked = asyncio.Event(), asyncio.Event()

    async def slow(request: httpx.Request) -> httpx.Response:
        asked.set()
        await go.wait()
        return identity(request)

    client = httpx.AsyncClient(transport=httpx.MockTransport(slow))
    verifier = AsyncTokenVerifier(URL, ISSUER, "bazaar", client=client)
    impatient, *patient = [
        asyncio.create_task(verifier.verify(identity.forge.token("alice"))) for _ in range(8)
    ]
    await asked.wait()
    impatient.cancel()
    go.set()
    principals = await asyncio.gather(*patient)
    assert [principal.subject for principal in principals] == ["alice"] * 7
    assert impatient.cancelled()
    assert identity.asked == 1
    await verifier.aclose()


@pytest.mark.parametrize(("header", "token"), [("Bearer a.b.c", "a.b.c"), ("bearer  a.b.c ", "a.b.c")])
def test_the_token_of_a_header(header: str, token: str) -> None:
    assert bearer(header) == token


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic a.b.c", "a.b.c"])
def test_a_header_without_a_token_is_refused(header: str | None) -> None:
    with pytest.raises(InvalidToken, match="a bearer token is required"):
        bearer(header)


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "client_secret"
    file.write_text("s3cret\n")
    return file


async def test_a_services_own_token_is_asked_for_once_and_renewed_in_time(
    secret_file: Path, clock: Clock
) -> None:
    requests: list[httpx.Request] = []

    def token_endpoint(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"access_token": f"t{len(requests)}", "expires_in": 600})

    client = httpx.AsyncClient(transport=httpx.MockTransport(token_endpoint))
    tokens = ServiceTokens("http://identity/token", "orders", secret_file, client=client)
    assert await asyncio.gather(*(tokens.get() for _ in range(5))) == ["t1"] * 5
    clock.now += 541
    assert await tokens.get() == "t2"
    assert len(requests) == 2
    assert requests[0].content == b"grant_type=client_credentials"
    assert requests[0].headers["authorization"] == "Basic b3JkZXJzOnMzY3JldA=="
    await tokens.aclose()


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(401), httpx.Response(200, text="<html>"), httpx.Response(200, json={"error": "x"})],
)
async def test_without_a_token_the_service_is_told(secret_file: Path, answer: httpx.Response) -> None:
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer))
    tokens = ServiceTokens("http://identity/token", "orders", secret_file, client=client)
    with pytest.raises(TokenUnavailable, match="http://identity/token") as refused:
        await tokens.get()
    assert "s3cret" not in str(refused.value)
    await tokens.aclose()
