from uuid import UUID, uuid4

from identity.accounts.models import Role
from identity.sessions.models import AccountSession
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from .world import API, Clock, Replica, problem


def ended_because(engine: Engine, session_id: str) -> str | None:
    with Session(engine) as db:
        return db.get_one(AccountSession, UUID(session_id)).ended_because


def test_ones_own_sessions_newest_first(identity: Replica, clock: Clock):
    phone = identity.person("ada@bazaar.example")
    identity.person("eve@bazaar.example")
    clock.forward(minutes=1)
    laptop = identity.signed_in("ada@bazaar.example", phone.id)

    listed = identity.http.get(f"{API}/sessions", headers=phone.headers).json

    assert [(one["id"], one["current"]) for one in listed["items"]] == [
        (laptop.session_id, False),
        (phone.session_id, True),
    ]
    assert listed["next_cursor"] is None
    assert set(listed["items"][0]) == {
        "id", "current", "user_agent", "created_at", "last_refreshed_at", "expires_at",
    }  # fmt: skip


def test_a_page_at_a_time_names_each_once(identity: Replica):
    ada = identity.person("ada@bazaar.example")
    # all within one instant: the id breaks the tie
    ids = {ada.session_id} | {identity.signed_in(ada.email, ada.id).session_id for _ in range(4)}
    found, cursor = [], ""
    while cursor is not None:
        page = identity.http.get(
            f"{API}/sessions?limit=2{cursor and '&cursor=' + cursor}", headers=ada.headers
        ).json
        found += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]

    assert len(found) == 5
    assert set(found) == ids


def test_cursors_and_limits_are_checked(identity: Replica):
    ada = identity.person("ada@bazaar.example")

    made_up = identity.http.get(f"{API}/sessions?cursor=abc", headers=ada.headers, status=400)
    too_many = identity.http.get(f"{API}/sessions?limit=101", headers=ada.headers, status=422)
    no_number = identity.http.get(f"{API}/sessions?limit=many", headers=ada.headers, status=422)

    assert problem(made_up)["type"] == "https://bazaar.example/problems/invalid-cursor"
    assert [(e["field"], e["code"]) for e in problem(too_many)["errors"]] == [("limit", "max_value")]
    assert [(e["field"], e["code"]) for e in problem(no_number)["errors"]] == [("limit", "invalid_type")]


def test_signing_out_ends_this_session_only(identity: Replica, engine: Engine):
    phone = identity.person("ada@bazaar.example")
    laptop = identity.signed_in("ada@bazaar.example", phone.id)

    answer = identity.http.delete(f"{API}/sessions/current", headers=phone.headers, status=204)

    assert answer.body == b""
    assert ended_because(engine, phone.session_id) == "signed_out"
    identity.refresh(phone.refresh_token, status=401)
    refused = identity.me(phone, status=401)
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="bazaar", error="invalid_token"'
    identity.me(laptop)


def test_one_of_ones_sessions_can_be_ended_from_another(identity: Replica, engine: Engine):
    phone = identity.person("ada@bazaar.example")
    laptop = identity.signed_in("ada@bazaar.example", phone.id)

    identity.http.delete(f"{API}/sessions/{phone.session_id}", headers=laptop.headers, status=204)

    assert ended_because(engine, phone.session_id) == "ended_by_owner"
    identity.http.delete(f"{API}/sessions/{phone.session_id}", headers=laptop.headers, status=404)
    listed = identity.http.get(f"{API}/sessions", headers=laptop.headers).json["items"]
    assert [one["id"] for one in listed] == [laptop.session_id]


def test_anothers_session_is_not_found_not_even_by_an_operator(identity: Replica, engine: Engine):
    ada = identity.person("ada@bazaar.example")
    olga = identity.person("olga@bazaar.example", Role.OPERATOR)

    anothers = identity.http.delete(f"{API}/sessions/{ada.session_id}", headers=olga.headers, status=404)
    nobodys = identity.http.delete(f"{API}/sessions/{uuid4()}", headers=olga.headers, status=404)
    nonsense = identity.http.delete(f"{API}/sessions/nonsense", headers=olga.headers, status=404)

    assert problem(anothers) == problem(nobodys) == problem(nonsense)
    assert ended_because(engine, ada.session_id) is None


def test_without_a_token_nothing_is_told(identity: Replica):
    ada = identity.person("ada@bazaar.example")

    for method, path in (
        ("GET", "sessions"),
        ("DELETE", "sessions/current"),
        ("DELETE", f"sessions/{ada.session_id}"),
        ("DELETE", f"sessions/{uuid4()}"),
    ):
        answer = identity.http.request(f"{API}/{path}", method=method, status=401)
        assert problem(answer)["type"] == "https://bazaar.example/problems/unauthenticated"
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="bazaar"'
