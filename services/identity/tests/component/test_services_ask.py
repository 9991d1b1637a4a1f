"""What services may ask about people: an account, and which sessions are over. Nobody else may."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from identity.accounts.models import Role
from identity.sessions.models import AccountSession
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session

from bazaar_shared.testing import TokenForge

from .conftest import CLIENT_SECRET
from .world import API, PASSWORD, Clock, Person, Replica, problem

ENDED = f"{API}/sessions/ended"
NOT_FOUND = "https://bazaar.example/problems/not-found"


def as_service(identity: Replica) -> dict[str, str]:
    """The headers of a service that has just proved who it is."""
    basic = b64encode(f"orders:{CLIENT_SECRET}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}"}
    granted = identity.http.post(f"{API}/oauth/token", {"grant_type": "client_credentials"}, headers=headers)
    return {"Authorization": f"Bearer {granted.json['access_token']}"}


@pytest.fixture
def service(identity: Replica) -> dict[str, str]:
    return as_service(identity)


@pytest.fixture
def forged() -> dict[str, str]:
    token = TokenForge().token("service:orders", ("service",), sid=None)
    return {"Authorization": f"Bearer {token}"}


def account(identity: Replica, account_id: str, headers: dict[str, str], status: int = 200):
    return identity.http.get(f"{API}/accounts/{account_id}", headers=headers, status=status)


def ended(identity: Replica, session_ids: list[str], headers: dict[str, str]) -> list[str]:
    return identity.http.post_json(ENDED, {"session_ids": session_ids}, headers=headers).json["ended"]


def test_a_service_and_an_operator_see_an_account(identity: Replica, service: dict[str, str]):
    ada = identity.person("ada@bazaar.example")
    olga = identity.person("olga@bazaar.example", Role.OPERATOR)

    seen = [account(identity, ada.id, headers).json for headers in (service, olga.headers)]

    assert seen == [identity.me(ada).json] * 2
    assert seen[0]["email"] == "ada@bazaar.example"


def test_ones_own_account_has_an_address_too(identity: Replica):
    ada = identity.person("ada@bazaar.example")

    assert account(identity, ada.id, ada.headers).json == identity.me(ada).json


@pytest.mark.parametrize("role", [Role.SHOPPER, Role.SELLER])
def test_to_another_person_an_account_is_not_there(identity: Replica, role: Role):
    ada, eve = identity.person("ada@bazaar.example"), identity.person("eve@bazaar.example", role)

    answers = [account(identity, asked, eve.headers, 404) for asked in (ada.id, str(uuid4()), "nonsense")]

    assert [problem(answer) for answer in answers] == [problem(answers[0])] * 3
    assert "ada" not in answers[0]


def test_without_a_good_token_no_account_is_shown(identity: Replica, forged: dict[str, str]):
    ada = identity.person("ada@bazaar.example")

    for headers in ({}, forged):
        for asked in (ada.id, str(uuid4())):
            refused = problem(account(identity, asked, headers, 401))
            assert refused["type"] == "https://bazaar.example/problems/unauthenticated"


def test_an_erased_account_is_gone_for_services_as_well(identity: Replica, service: dict[str, str]):
    ada = identity.person("ada@bazaar.example")
    identity.http.delete_json(f"{API}/accounts/me", {"password": PASSWORD}, headers=ada.headers)

    gone, unknown = account(identity, ada.id, service, 404), account(identity, str(uuid4()), service, 404)

    assert problem(gone) == problem(unknown)
    assert problem(gone)["type"] == NOT_FOUND


def test_a_service_reads_an_account_and_no_more(identity: Replica, service: dict[str, str]):
    ada = identity.person("ada@bazaar.example")

    for method in ("PUT", "DELETE"):
        refused = identity.http.request(
            f"{API}/accounts/{ada.id}", method=method, headers=service, status=405
        )
        assert refused.headers["Allow"] == "GET"
    body = {"roles": ["operator"]}
    identity.http.put_json(f"{API}/accounts/{ada.id}/roles", body, headers=service, status=403)
    identity.http.get(f"{API}/accounts", headers=service, status=403)


def test_sessions_that_are_over_are_told_each_once_in_the_order_asked_for(identity: Replica, clock: Clock):
    expired = identity.person("cid@bazaar.example")
    clock.forward(days=29)
    living, signed_out = identity.person("ada@bazaar.example"), identity.signed_in("ada@bazaar.example", "")
    erased, unknown = identity.person("bea@bazaar.example"), str(uuid4())
    identity.http.delete(f"{API}/sessions/current", headers=signed_out.headers)
    identity.http.delete_json(f"{API}/accounts/me", {"password": PASSWORD}, headers=erased.headers)
    clock.forward(days=1)
    service = as_service(identity)

    over = [unknown, erased.session_id, signed_out.session_id, expired.session_id]
    assert ended(identity, [unknown, living.session_id, *over], service) == over
    assert ended(identity, [living.session_id.upper()], service) == []
    assert ended(identity, [], service) == []


def test_asking_ends_nothing_and_costs_one_query(identity: Replica, service: dict[str, str], engine: Engine):
    ada = identity.person("ada@bazaar.example")
    asked = [ada.session_id, *(str(uuid4()) for _ in range(499))]

    with statements(identity.engine) as seen:
        assert len(ended(identity, asked, service)) == 499

    assert len([one for one in seen if "FROM sessions" in one]) == 1
    identity.me(ada)
    identity.refresh(ada.refresh_token)
    with Session(engine) as db:
        assert db.scalar(select(func.count()).select_from(AccountSession)) == 1


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection, _cursor, statement: str, *_more) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_person_may_not_ask_which_sessions_are_over(identity: Replica, forged: dict[str, str]):
    ada = identity.person("ada@bazaar.example")
    body = {"session_ids": [ada.session_id]}

    def asked(headers: dict[str, str], status: int) -> str:
        return problem(identity.http.post_json(ENDED, body, headers=headers, status=status))["type"]

    people: list[Person] = [ada, identity.person("olga@bazaar.example", *Role)]
    assert {asked(person.headers, 403) for person in people} == {"https://bazaar.example/problems/forbidden"}
    assert {asked(headers, 401) for headers in ({}, forged)} == {
        "https://bazaar.example/problems/unauthenticated"
    }


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, ("session_ids", "required")),
        ({"session_ids": "all"}, ("session_ids", "invalid_type")),
        ({"session_ids": ["nonsense"]}, ("session_ids[0]", "invalid_format")),
        ({"session_ids": [str(uuid4()) for _ in range(501)]}, ("session_ids", "max_items")),
        ({"session_ids": [], "account_id": "x"}, ("account_id", "unknown_field")),
    ],
)
def test_a_question_that_is_not_right_is_refused(
    identity: Replica, service: dict[str, str], body: dict, error: tuple[str, str]
):
    refused = identity.http.post_json(ENDED, body, headers=service, status=422)

    assert [(found["field"], found["code"]) for found in problem(refused)["errors"]] == [error]
