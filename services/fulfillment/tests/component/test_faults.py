"""Bad days, with real processes: a slow database, SIGKILL in the middle of a step, a broker that is gone."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from support.broker import Cut, OwnRabbit, own_broker
from support.processes import Process, running
from support.rpc import RemoteError, Rpc

from bazaar_shared.testing import eventually
from bazaar_shared.testing.processes import free_port
from component.helpers import add_product, rows

SLOW = """
create or replace function dawdle() returns trigger language plpgsql as $$
begin
    perform pg_sleep(2);
    perform pg_advisory_xact_lock(hashtext('{order_id}'));
    return new;
end $$;
create trigger dawdle before insert on reservation for each row when (new.order_id = '{order_id}')
    execute function dawdle();
"""


def lines(product: str, quantity: int = 1) -> list[dict[str, Any]]:
    return [{"product_id": product, "quantity": quantity}]


def movements(engines: dict[str, Engine], order_id: str) -> list[str]:
    statement = "select kind from stock_movement where order_id = :o order by id"
    return [row["kind"] for row in rows(engines["inventory"], statement, o=order_id)]


def test_a_slow_database_call_does_not_stop_the_other_workers(
    rpc: Rpc, engines: dict[str, Engine], slow_reservation: Connection, order_id: str
) -> None:
    """One worker sits in a statement for two seconds, and longer until the others have their answers: in a
    process that stood still meanwhile they never had. eventlet switches in pg8000.
    """
    slow, other = (add_product(engines["inventory"], 10) for _ in range(2))
    began = time.monotonic()
    waiting = rpc.send("inventory.reserve_stock", order_id=order_id, lines=lines(slow))
    eventually(lambda: is_dawdling(engines["inventory"]))
    others = [rpc.send("inventory.get_stock", product_ids=[other]) for _ in range(20)]
    for call in others:
        assert rpc.receive(call)[other]["available"] == 10
        assert waiting not in rpc.replies
    assert is_dawdling(engines["inventory"])
    slow_reservation.rollback()
    assert rpc.receive(waiting)["state"] == "reserved"
    assert time.monotonic() - began >= 2


@pytest.fixture
def slow_reservation(engines: dict[str, Engine], order_id: str) -> Iterator[Connection]:
    """The order's reservation takes two seconds in the database, and does not end before this connection's
    transaction.
    """
    with engines["inventory"].begin() as connection:
        connection.execute(text(SLOW.format(order_id=order_id)))
    with engines["inventory"].connect() as holder:
        holder.execute(text("select pg_advisory_xact_lock(hashtext(:o))"), {"o": order_id})
        yield holder
    with engines["inventory"].begin() as connection:
        connection.execute(text("drop trigger dawdle on reservation"))


def is_dawdling(engine: Engine) -> bool:
    statement = (
        "select 1 from pg_stat_activity where datname = current_database() and state = 'active'"
        " and query ilike 'insert into reservation%' and wait_event in ('PgSleep', 'advisory')"
    )
    return bool(rows(engine, statement))


@pytest.fixture
def inventory(env: dict[str, str], own_vhost_url: str) -> Iterator[Process]:
    with running("inventory", **env | {"AMQP_URL": own_vhost_url}) as process:
        yield process


@pytest.fixture
def payments(env: dict[str, str], own_vhost_url: str) -> Iterator[Process]:
    with running("payments", **env | {"AMQP_URL": own_vhost_url}) as process:
        yield process


@pytest.fixture
def caller(own_vhost_url: str) -> Iterator[Rpc]:
    client = Rpc(own_vhost_url)
    yield client
    client.close()


def test_sigkill_in_the_middle_of_a_reserve(
    inventory: Process, caller: Rpc, engines: dict[str, Engine], order_id: str
) -> None:
    product = add_product(engines["inventory"], 10)
    with engines["inventory"].connect() as blocker:
        blocker.execute(text("select 1 from stock where product_id = :p for update"), {"p": product})
        call = caller.send("inventory.reserve_stock", order_id=order_id, lines=lines(product, 3))
        eventually(lambda: waits_for_a_lock(engines["inventory"]))
        inventory.kill()
        blocker.rollback()
    inventory.start_again()
    # the broker gives the unacknowledged message to the new process; the caller's own retry finds the same
    # reply
    assert caller.receive(call, within=20)["state"] == "reserved"
    assert (
        caller.call("inventory.reserve_stock", order_id=order_id, lines=lines(product, 3))["state"]
        == "reserved"
    )
    assert movements(engines, order_id) == ["reserved"]
    assert caller.call("inventory.get_stock", product_ids=[product])[product]["reserved"] == 3


@pytest.mark.parametrize(
    ("token", "killed_in", "moved"),
    [("tok_late", "authorize_payment", []), ("tok_capture_late", "capture_payment", ["capture"])],
)
def test_sigkill_while_the_processor_is_asked(
    payments: Process,
    services: dict[str, Process],
    caller: Rpc,
    engines: dict[str, Engine],
    order_id: str,
    token: str,
    killed_in: str,
    moved: list[str],
) -> None:
    """The processor has done it, and nobody was there to hear it. One charge, one posting, however often
    one asks.
    """
    authorize = {"order_id": order_id, "amount_minor": 700, "currency": "EUR", "payment_token": token}
    arguments = authorize if killed_in == "authorize_payment" else {"order_id": order_id}
    if killed_in == "capture_payment":
        assert caller.call("payments.authorize_payment", **authorize)["state"] == "authorized"
    caller.send(f"payments.{killed_in}", **arguments)
    statement = "select 1 from request where idempotency_key = :k and status is not null"
    eventually(lambda: rows(engines["processor"], statement, k=f"{order_id}:{killed_in}"), within=10)
    payments.kill()
    assert intent_state(engines, order_id, killed_in) == "open"

    payments.start_again()
    eventually(lambda: intent_state(engines, order_id, killed_in) == "closed", within=20)
    assert (
        caller.call(f"payments.{killed_in}", **arguments)["state"]
        == killed_in.split("_", maxsplit=1)[0].rstrip("e") + "ed"
    )
    postings = rows(
        engines["payments"], "select kind from posting where order_id = :o order by id", o=order_id
    )
    assert [row["kind"] for row in postings] == ["authorized", *(f"{kind}d" for kind in moved)]
    charges = rows(
        engines["processor"], "select kind, amount_minor from charge where order_id = :o", o=order_id
    )
    assert [(row["kind"], row["amount_minor"]) for row in charges] == [(kind, 700) for kind in moved]


def test_the_resolver_ends_what_nobody_asks_for_again(
    payments: Process, services: dict[str, Process], caller: Rpc, engines: dict[str, Engine], order_id: str
) -> None:
    """The capture's intent is committed, the processor was not asked yet, the process is gone: the timer
    finishes it.
    """
    authorize = {"order_id": order_id, "amount_minor": 700, "currency": "EUR", "payment_token": "tok_approve"}
    caller.call("payments.authorize_payment", **authorize)
    payments.kill()
    with engines["payments"].begin() as connection:
        connection.execute(
            text(
                "insert into intent (order_id, step, fingerprint, attempts, leased_until, resolve_after)"
                " select order_id, 'capture_payment', encode(sha256('{}'), 'hex'), 1, now(), now()"
                " from payment where order_id = :o"
            ),
            {"o": order_id},
        )
    payments.start_again()
    eventually(lambda: intent_state(engines, order_id, "capture_payment") == "closed", within=20)
    charges = rows(engines["processor"], "select kind from charge where order_id = :o", o=order_id)
    assert [row["kind"] for row in charges] == ["capture"]
    assert caller.call("payments.capture_payment", order_id=order_id) == {"state": "captured"}
    assert len(rows(engines["processor"], "select 1 from charge where order_id = :o", o=order_id)) == 1


@pytest.fixture
def broker(tmp_path: Path, amqp_url: str) -> Iterator[OwnRabbit | Cut]:
    folder = tmp_path / "broker"
    folder.mkdir()
    started = own_broker(folder, amqp_url)
    yield started
    started.close()


def test_a_restart_of_rabbitmq(
    broker: OwnRabbit | Cut, env: dict[str, str], engines: dict[str, Engine], order_id: str
) -> None:
    product = add_product(engines["inventory"], 10)
    with running("inventory", **env | {"AMQP_URL": broker.url}) as process:
        pid = process.pid
        before = Rpc(broker.url)
        assert (
            before.call("inventory.reserve_stock", order_id=order_id, lines=lines(product))["state"]
            == "reserved"
        )
        # a step that is in hand when the broker goes: it is finished, though nobody can be told
        with engines["inventory"].connect() as blocker:
            blocker.execute(text("select 1 from stock where product_id = :p for update"), {"p": product})
            before.send("inventory.commit_stock", order_id=order_id)
            eventually(lambda: waits_for_a_lock(engines["inventory"]))
            broker.stop()
            blocker.rollback()
        eventually(lambda: movements(engines, order_id) == ["reserved", "sold"])
        eventually(lambda: process.managed("/health/ready")[0] == 503, within=20)
        assert process.managed("/health/live")[0] == 200

        broker.start()
        process.until_ready()
        assert process.pid == pid
        after = Rpc(broker.url)
        assert after.call("inventory.commit_stock", order_id=order_id, within=20) == {"state": "committed"}
        assert movements(engines, order_id) == ["reserved", "sold"]
        after.close()
        code, seconds = process.terminate()
        assert (code, seconds < 8) == (0, True)


def test_sigterm_without_a_broker_ends_in_time(broker: OwnRabbit | Cut, env: dict[str, str]) -> None:
    with running("inventory", **env | {"AMQP_URL": broker.url}) as process:
        broker.stop()
        eventually(lambda: process.managed("/health/ready")[0] == 503, within=20)
        code, seconds = process.terminate()
    assert (code, seconds < 10) == (0, True), seconds


def test_sigterm_before_there_ever_was_a_broker(env: dict[str, str]) -> None:
    nowhere = f"amqp://guest:guest@127.0.0.1:{free_port()}/"
    with running("inventory", ready=False, **env | {"AMQP_URL": nowhere}) as process:
        eventually(lambda: "starting services" in process.printed(), within=30)
        status, body = process.managed("/health/ready")
        assert (status, '"started": "ok"' in body) == (503, False)
        code, seconds = process.terminate()
    assert (code, seconds < 10) == (0, True), seconds


def test_sigterm_finishes_the_work_in_hand(
    inventory: Process, caller: Rpc, engines: dict[str, Engine], order_id: str
) -> None:
    product = add_product(engines["inventory"], 10)
    with engines["inventory"].connect() as blocker:
        blocker.execute(text("select 1 from stock where product_id = :p for update"), {"p": product})
        call = caller.send("inventory.reserve_stock", order_id=order_id, lines=lines(product))
        eventually(lambda: waits_for_a_lock(engines["inventory"]))
        inventory.signal()
        eventually(lambda: "stopping services" in inventory.printed())
        blocker.rollback()
    assert caller.receive(call)["state"] == "reserved"
    assert inventory.child.wait(timeout=15) == 0


def test_a_process_waits_for_its_database(env: dict[str, str], own_vhost_url: str) -> None:
    nowhere = f"postgresql://postgres@127.0.0.1:{free_port()}/nowhere"
    settings = {**env, "AMQP_URL": own_vhost_url, "INVENTORY_DATABASE_URL": nowhere}
    with running("inventory", ready=False, **settings) as process:
        eventually(lambda: process.managed("/health/live")[0] == 200, within=30)
        status, body = process.managed("/health/ready")
        assert (status, '"database_inventory": "ok"' in body) == (503, False)
        assert process.terminate()[0] == 0


def test_a_connection_that_postgresql_ended_costs_no_call(
    rpc: Rpc, engines: dict[str, Engine], product: str
) -> None:
    """As after a restart of PostgreSQL: every pooled connection is dead, the next call does not notice."""
    assert rpc.call("inventory.get_stock", product_ids=[product])[product]["available"] == 10
    with engines["inventory"].begin() as connection:
        connection.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        )
    assert rpc.call("inventory.get_stock", product_ids=[product])[product]["available"] == 10


def test_a_worker_refused_unexpectedly_answers_and_the_process_lives(
    rpc: Rpc, engines: dict[str, Engine]
) -> None:
    with engines["inventory"].begin() as connection:
        connection.execute(text("alter table stock rename to stock_away"))
    try:
        with pytest.raises(RemoteError) as error:
            rpc.call("inventory.get_stock", product_ids=[])
        assert error.value.name == "ProgrammingError"
    finally:
        with engines["inventory"].begin() as connection:
            connection.execute(text("alter table stock_away rename to stock"))
    assert rpc.call("inventory.get_stock", product_ids=[]) == {}


def waits_for_a_lock(engine: Engine) -> bool:
    statement = (
        "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        " and query ilike '%stock%'"
    )
    return bool(rows(engine, statement))


def intent_state(engines: dict[str, Engine], order_id: str, step: str) -> str:
    statement = "select closed_at from intent where order_id = :o and step = :s"
    found = rows(engines["payments"], statement, o=order_id, s=step)
    return "none" if not found else "closed" if found[0]["closed_at"] else "open"
