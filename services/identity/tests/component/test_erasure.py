from uuid import UUID

import pytest
from identity.accounts.models import Account, Role
from identity.sessions.models import AccountSession
from sqlalchemy import Engine, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .world import API, PASSWORD, Person, Replica, at_once, problem


def erase(identity: Replica, person: Person, password: str = PASSWORD, status: int = 204):
    body = {"password": password}
    return identity.http.delete_json(f"{API}/accounts/me", body, headers=person.headers, status=status)


def everything_stored(engine: Engine) -> str:
    with engine.connect() as connection:
        tables = [table.name for table in Account.metadata.sorted_tables]
        rows = [connection.execute(text(f"select t::text from {name} t")).scalars().all() for name in tables]
    return str(rows)


def test_only_the_id_stays(identity: Replica, engine: Engine):
    identity.sign_up("ada@bazaar.example", display_name="Ada Okafor")
    body = {"email": "ada@bazaar.example", "password": PASSWORD}
    granted = identity.http.post_json(f"{API}/sessions", body, headers={"User-Agent": "Adas-Browser/1"}).json
    ada = identity.signed_in("ada@bazaar.example", "")
    stored = everything_stored(engine)
    assert all(word in stored for word in ("ada@bazaar.example", "Ada Okafor", "Adas-Browser", "argon2id"))

    erase(identity, ada)

    stored = everything_stored(engine)
    assert not any(word in stored.lower() for word in ("ada@", "okafor", "adas-browser", "argon2id"))
    with Session(engine) as db:
        account = db.scalars(select(Account)).one()
        assert (account.state, account.roles) == ("erased", [])
        assert account.erased_at is not None
        assert set(db.scalars(select(AccountSession.ended_because))) == {"account_erased"}
    identity.me(ada, status=401)
    identity.refresh(ada.refresh_token, status=401)
    identity.refresh(granted["refresh_token"], status=401)
    identity.sign_in("ada@bazaar.example", status=401)


def test_the_address_is_free_again_for_another_account(identity: Replica):
    ada = identity.person("ada@bazaar.example")
    erase(identity, ada)

    assert identity.sign_up("ada@bazaar.example").json["id"] != ada.id


def test_a_stolen_token_alone_erases_nothing(identity: Replica, engine: Engine):
    ada = identity.person("ada@bazaar.example")

    refused = erase(identity, ada, "not the password at all", 403)

    assert problem(refused)["type"] == "https://bazaar.example/problems/forbidden"
    identity.me(ada)
    for _ in range(9):
        erase(identity, ada, "not the password at all", 403)
    erase(identity, ada, PASSWORD, 429)


def test_an_erased_account_is_listed_as_such_and_gets_no_roles(identity: Replica):
    ada, olga = identity.person("ada@bazaar.example"), identity.person("olga@bazaar.example", Role.OPERATOR)
    erase(identity, ada)

    items = identity.http.get(f"{API}/accounts", headers=olga.headers).json["items"]

    found = next(account for account in items if account["id"] == ada.id)
    assert (found["email"], found["display_name"], found["roles"], found["state"]) == (
        None,
        None,
        [],
        "erased",
    )
    path = f"{API}/accounts/{ada.id}/roles"
    identity.http.put_json(path, {"roles": ["seller"]}, headers=olga.headers, status=404)


def test_the_last_operator_cannot_go(identity: Replica):
    olga = identity.person("olga@bazaar.example", Role.OPERATOR)

    refused = erase(identity, olga, status=409)

    assert problem(refused)["type"] == "https://bazaar.example/problems/conflict"
    identity.me(olga)


def test_of_two_last_operators_who_go_at_once_one_stays(pair: list[Replica], engine: Engine):
    olga = pair[0].person("olga@bazaar.example", Role.OPERATOR)
    omar = pair[0].person("omar@bazaar.example", Role.OPERATOR)

    answers = at_once(
        lambda: erase(pair[0], olga, status="*").status_int,
        lambda: erase(pair[1], omar, status="*").status_int,
    )

    assert sorted(answers) == [204, 409]
    with Session(engine) as db:
        assert sorted(db.scalars(select(Account.state))) == ["active", "erased"]


def test_signing_in_while_the_account_is_erased_leaves_no_living_session(pair: list[Replica], engine: Engine):
    ada = pair[0].person("ada@bazaar.example")

    at_once(
        lambda: erase(pair[0], ada),
        *[lambda: pair[1].sign_in("ada@bazaar.example", status="*").status_int for _ in range(3)],
    )

    with Session(engine) as db:
        sessions = select(AccountSession).where(AccountSession.account_id == UUID(ada.id))
        assert [one.ended_because for one in db.scalars(sessions) if one.ended_at is None] == []


@pytest.mark.parametrize("personal", ["email", "display_name", "password_hash"])
def test_the_database_itself_lets_no_erased_account_keep_anything(
    identity: Replica, engine: Engine, personal: str
):
    erase(identity, identity.person("ada@bazaar.example"))
    kept = update(Account).values({personal: "x"})

    with (
        Session(engine) as db,
        pytest.raises(IntegrityError, match="ck_accounts_erased_keeps_no_personal_data"),
    ):
        db.execute(kept)
