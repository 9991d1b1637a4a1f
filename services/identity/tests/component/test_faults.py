"""A database that goes away, and comes back."""

from dataclasses import replace

import pytest
from identity.settings import Settings
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from .world import Clock, CountingHasher, Replica, problem, start_replica


def test_connections_that_a_restart_has_cut_cost_no_request(identity: Replica, engine: Engine):
    ada = identity.person("ada@bazaar.example")
    with engine.begin() as connection:
        others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
        connection.execute(text(f"{others} and pid <> pg_backend_pid()"))

    identity.me(ada)
    identity.refresh(ada.refresh_token)


def test_without_a_database_the_answer_is_unavailable(
    settings: Settings, clock: Clock, hasher: CountingHasher
):
    away = replace(settings, database_url="postgresql://postgres@127.0.0.1:1/identity")
    replica = start_replica(away, clock, hasher)

    answers = [
        replica.sign_in("ada@bazaar.example", status=503),
        replica.refresh("A" * 70, status=503),
        replica.http.get("/.well-known/jwks.json", status=503),
    ]

    for answer in answers:
        assert problem(answer)["type"] == "https://bazaar.example/problems/unavailable"
        assert answer.headers["Retry-After"] == "1"
    replica.stop()


def test_a_deadlock_is_tried_again_and_seen_once(replica_with):
    """pyramid_retry sends the request through again; no half of it is counted, logged or answered."""
    attempts = []

    def with_a_deadlock(config):
        def deadlocked_once(request):
            attempts.append(request)
            if len(attempts) == 1:
                request.db.execute(text("do $$ begin raise exception 'x' using errcode = '40P01'; end $$"))
            return request.response

        config.add_route("deadlock", "/deadlock")
        config.add_view(deadlocked_once, route_name="deadlock", permission="__no_permission_required__")

    identity = replica_with(with_a_deadlock)

    identity.http.post("/deadlock", status=200)

    assert len(attempts) == 2


def test_a_deadlock_that_stays_is_unavailable_in_the_end(replica_with, caplog: pytest.LogCaptureFixture):
    def with_a_deadlock(config):
        def deadlocked(request):
            request.db.execute(text("do $$ begin raise exception 'x' using errcode = '40P01'; end $$"))

        config.add_route("deadlock", "/deadlock")
        config.add_view(deadlocked, route_name="deadlock", permission="__no_permission_required__")

    with caplog.at_level("INFO", "identity.access"):
        replica_with(with_a_deadlock).http.post("/deadlock", status=503)

    assert [record.message for record in caplog.records if record.name == "identity.access"] == [
        "POST /deadlock 503"
    ]
    assert OperationalError.__name__ in str([record.__dict__.get("reason") for record in caplog.records])
