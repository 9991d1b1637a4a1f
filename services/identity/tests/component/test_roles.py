from uuid import UUID, uuid4

import pytest
from identity.accounts.models import Account, Role
from sqlalchemy import Engine, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .world import API, Clock, Replica, at_once, problem


def roles_of(engine: Engine, account_id: str) -> list[str]:
    with Session(engine) as db:
        return db.get_one(Account, UUID(account_id)).roles


def assign(identity: Replica, to: str, roles: list[str], headers: dict[str, str], status: int = 200):
    body = {"roles": roles}
    return identity.http.put_json(f"{API}/accounts/{to}/roles", body, headers=headers, status=status)


def test_an_operator_gives_exactly_these_roles(identity: Replica, engine: Engine):
    ada, olga = identity.person("ada@bazaar.example"), identity.person("olga@bazaar.example", Role.OPERATOR)

    account = assign(identity, ada.id, ["shopper", "seller"], olga.headers).json

    assert (account["id"], account["roles"]) == (ada.id, ["seller", "shopper"])
    assert roles_of(engine, ada.id) == ["seller", "shopper"]


def test_nobody_else_may_and_nobody_else_learns_which_accounts_exist(identity: Replica, engine: Engine):
    ada, eve = identity.person("ada@bazaar.example"), identity.person("eve@bazaar.example", Role.SELLER)

    answers = [assign(identity, to, ["operator"], eve.headers, 403) for to in (ada.id, eve.id, str(uuid4()))]

    assert [problem(answer)["type"] for answer in answers] == [
        "https://bazaar.example/problems/forbidden"
    ] * 3
    assert roles_of(engine, eve.id) == ["seller"]
    assert assign(identity, ada.id, ["operator"], {}, 401)


@pytest.mark.parametrize(
    ("roles", "error"),
    [
        (["admin"], ("roles[0]", "invalid_choice")),
        ([], ("roles", "min_items")),
        (["shopper", "shopper"], ("roles", "duplicate")),
        ("operator", ("roles", "invalid_type")),
    ],
)
def test_only_roles_that_exist(identity: Replica, engine: Engine, roles, error):
    ada, olga = identity.person("ada@bazaar.example"), identity.person("olga@bazaar.example", Role.OPERATOR)

    answer = assign(identity, ada.id, roles, olga.headers, 422)

    assert [(found["field"], found["code"]) for found in problem(answer)["errors"]] == [error]
    assert roles_of(engine, ada.id) == ["shopper"]


def test_an_unknown_account_is_told_to_an_operator(identity: Replica):
    olga = identity.person("olga@bazaar.example", Role.OPERATOR)

    assert problem(assign(identity, str(uuid4()), ["seller"], olga.headers, 404))["status"] == 404
    assert problem(assign(identity, "7", ["seller"], olga.headers, 422))["errors"][0]["field"] == "account_id"


def test_the_last_operator_stays_one(identity: Replica, engine: Engine):
    olga = identity.person("olga@bazaar.example", Role.OPERATOR)

    refused = assign(identity, olga.id, ["shopper"], olga.headers, 409)

    assert problem(refused)["type"] == "https://bazaar.example/problems/conflict"
    assert roles_of(engine, olga.id) == ["operator"]


def test_two_operators_who_step_down_at_once_leave_one(pair: list[Replica], engine: Engine):
    olga = pair[0].person("olga@bazaar.example", Role.OPERATOR)
    omar = pair[0].person("omar@bazaar.example", Role.OPERATOR)

    answers = at_once(
        lambda: assign(pair[0], olga.id, ["shopper"], olga.headers, "*").status_int,
        lambda: assign(pair[1], omar.id, ["shopper"], omar.headers, "*").status_int,
    )

    assert sorted(answers) == [200, 409]
    assert sorted([roles_of(engine, olga.id), roles_of(engine, omar.id)]) == [["operator"], ["shopper"]]


def test_a_demoted_operator_is_none_at_once_here(identity: Replica):
    """Elsewhere the old token is good until it expires; at the source the roles of today count."""
    olga = identity.person("olga@bazaar.example", Role.OPERATOR)
    omar = identity.person("omar@bazaar.example", Role.OPERATOR)
    assign(identity, omar.id, ["shopper"], olga.headers)

    identity.http.get(f"{API}/accounts", headers=omar.headers, status=403)


def listed(identity: Replica, headers: dict[str, str], query: str = "") -> list[str]:
    found, cursor = [], ""
    while cursor is not None:
        page = identity.http.get(
            f"{API}/accounts?limit=2{query}{cursor and '&cursor=' + cursor}", headers=headers
        )
        found += [account["email"] for account in page.json["items"]]
        cursor = page.json["next_cursor"]
    return found


def test_operators_find_accounts(identity: Replica, clock: Clock):
    olga = identity.person("olga@bazaar.example", Role.OPERATOR)
    for name in ("ada", "bea", "cid", "100%_x"):
        clock.forward(seconds=1)
        identity.sign_up(f"{name}@bazaar.example", display_name=f"The {name}")

    everybody = ["100%_x", "cid", "bea", "ada", "olga"]
    assert listed(identity, olga.headers) == [f"{name}@bazaar.example" for name in everybody]
    assert listed(identity, olga.headers, "&role=operator") == ["olga@bazaar.example"]
    assert listed(identity, olga.headers, "&q=THE%20b") == ["bea@bazaar.example"]
    # a wildcard is a character like others
    assert listed(identity, olga.headers, "&q=%25_") == ["100%_x@bazaar.example"]
    assert listed(identity, olga.headers, "&q=cid@bazaar&role=seller") == []


def test_others_find_no_accounts(identity: Replica):
    ada = identity.person("ada@bazaar.example", Role.SELLER, Role.SHOPPER)

    assert problem(identity.http.get(f"{API}/accounts", headers=ada.headers, status=403))["status"] == 403
    identity.http.get(f"{API}/accounts", status=401)


def test_the_database_itself_knows_no_other_roles(engine: Engine, identity: Replica):
    identity.sign_up("ada@bazaar.example")
    admin = update(Account).values(roles=["admin"])

    with Session(engine) as db, pytest.raises(IntegrityError, match="ck_accounts_known_roles"):
        db.execute(admin)
