from identity.accounts.models import Account
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from .world import API, PASSWORD, Clock, Replica, at_once, problem


def stored(engine: Engine) -> list[Account]:
    with Session(engine) as db:
        return list(db.scalars(select(Account)))


def test_a_new_account_is_a_shoppers(identity: Replica, engine: Engine, clock: Clock):
    answer = identity.sign_up("Ada@Bazaar.Example", display_name="  Ada Okafor ")

    account = stored(engine)[0]
    assert answer.json == {
        "id": str(account.id),
        "email": "ada@bazaar.example",
        "display_name": "Ada Okafor",
        "roles": ["shopper"],
        "state": "active",
        "created_at": clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    assert answer.headers["Location"].endswith("/api/identity/accounts/me")
    assert answer.headers["Cache-Control"] == "no-store"
    assert account.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_taken_address_is_told_whatever_its_case(identity: Replica, engine: Engine):
    identity.sign_up("ada@bazaar.example")

    refused = problem(identity.sign_up("ADA@bazaar.example", display_name="Another", status=409))

    assert refused["type"] == "https://bazaar.example/problems/conflict"
    assert [account.display_name for account in stored(engine)] == ["Somebody"]


def test_two_replicas_asked_at_once_open_one_account(pair: list[Replica], engine: Engine):
    answers = at_once(
        *[lambda one=one: one.sign_up("ada@bazaar.example", status="*").status_int for one in pair]
    )

    assert sorted(answers) == [201, 409]
    assert len(stored(engine)) == 1


def test_asking_for_known_addresses_is_throttled_and_signing_up_is_not(identity: Replica, engine: Engine):
    identity.sign_up("ada@bazaar.example")
    for _ in range(20):
        identity.sign_up("ada@bazaar.example", status=409)

    refused = identity.sign_up("ada@bazaar.example", status=429)

    assert int(refused.headers["Retry-After"]) == 30
    assert problem(refused)["type"].endswith("/too-many-requests")
    elsewhere = {"email": "bea@bazaar.example", "password": PASSWORD, "display_name": "Bea"}
    identity.http.post_json(
        f"{API}/accounts", elsewhere, extra_environ={"REMOTE_ADDR": "198.51.100.1"}, status=201
    )


def test_opening_many_accounts_uses_up_no_allowance(identity: Replica, engine: Engine):
    for number in range(25):
        identity.sign_up(f"shopper{number}@bazaar.example")

    assert len(stored(engine)) == 25
