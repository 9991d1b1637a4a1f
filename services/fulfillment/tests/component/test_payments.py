"""Payments and the processor as they run: two processes, RabbitMQ and HTTP between them, a database each."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine
from support.processes import Process
from support.rpc import RemoteError, Rpc

from bazaar_shared.testing import eventually
from component.helpers import rows


def authorize(rpc: Rpc, order_id: str, token: str = "tok_approve", amount: int = 500) -> dict[str, Any]:
    return rpc.call(
        "payments.authorize_payment",
        order_id=order_id,
        amount_minor=amount,
        currency="EUR",
        payment_token=token,
    )


def refused(rpc: Rpc, method: str, **arguments: Any) -> tuple[str, dict[str, Any]]:
    with pytest.raises(RemoteError) as error:
        rpc.call(method, **arguments)
    return error.value.name, error.value.detail


def charges(engines: dict[str, Engine], order_id: str) -> list[tuple[str, int]]:
    """What the processor itself says that it moved."""
    found = rows(
        engines["processor"],
        "select kind, amount_minor from charge where order_id = :o order by id",
        o=order_id,
    )
    return [(row["kind"], row["amount_minor"]) for row in found]


def postings(engines: dict[str, Engine], order_id: str) -> list[str]:
    found = rows(engines["payments"], "select kind from posting where order_id = :o order by id", o=order_id)
    return [row["kind"] for row in found]


def facts(engines: dict[str, Engine], order_id: str) -> list[tuple[int, str, str]]:
    statement = "select envelope from outbox where topic = 'payments.payment' and key = :o order by id"
    found = [row["envelope"] for row in rows(engines["payments"], statement, o=order_id)]
    return [(e["aggregateversion"], e["type"], e["data"]["state"]) for e in found]


def fact(version: int, name: str) -> tuple[int, str, str]:
    return version, f"bazaar.payments.payment.{name}.v1", name


def test_authorize_capture_refund(rpc: Rpc, engines: dict[str, Engine], order_id: str) -> None:
    first = authorize(rpc, order_id)
    assert first["state"] == "authorized"
    assert authorize(rpc, order_id) == first
    for _ in range(2):
        assert rpc.call("payments.capture_payment", order_id=order_id) == {"state": "captured"}
    for _ in range(2):
        assert rpc.call("payments.refund_payment", order_id=order_id) == {"state": "refunded"}

    assert charges(engines, order_id) == [("capture", 500), ("refund", 500)]
    assert postings(engines, order_id) == ["authorized", "captured", "refunded"]
    assert facts(engines, order_id) == [fact(1, "authorized"), fact(2, "captured"), fact(3, "refunded")]
    assert rpc.call("payments.get_payment", order_id=order_id)["state"] == "refunded"


def test_the_same_capture_ten_times_at_once(
    rpc: Rpc, amqp_url: str, engines: dict[str, Engine], order_id: str
) -> None:
    authorize(rpc, order_id)

    def capture(_: int) -> str:
        client = Rpc(amqp_url)
        try:
            return str(client.call("payments.capture_payment", order_id=order_id)["state"])
        except RemoteError as error:
            return error.name
        finally:
            client.close()

    with ThreadPoolExecutor(10) as pool:
        outcomes = set(pool.map(capture, range(10)))
    # who comes while another asks the processor is told to come again
    assert outcomes <= {"captured", "OutcomeUnknown"}
    assert rpc.call("payments.capture_payment", order_id=order_id) == {"state": "captured"}
    assert charges(engines, order_id) == [("capture", 500)]
    assert postings(engines, order_id) == ["authorized", "captured"]


@pytest.mark.parametrize(("token", "reason"), [("tok_decline", "card_declined"), ("stolen", "unknown_token")])
def test_a_declined_card(
    rpc: Rpc, engines: dict[str, Engine], order_id: str, token: str, reason: str
) -> None:
    arguments = {"order_id": order_id, "amount_minor": 500, "currency": "EUR", "payment_token": token}
    for _ in range(2):
        assert refused(rpc, "payments.authorize_payment", **arguments) == (
            "PaymentDeclined",
            {"reason": reason},
        )
    assert rpc.call("payments.void_payment", order_id=order_id) == {"state": "voided"}
    assert charges(engines, order_id) == []
    assert postings(engines, order_id) == []
    assert facts(engines, order_id) == [fact(1, "declined")]


def test_a_declined_capture_moves_nothing_and_can_be_voided(
    rpc: Rpc, engines: dict[str, Engine], order_id: str
) -> None:
    authorize(rpc, order_id, "tok_capture_decline")
    for _ in range(2):
        assert refused(rpc, "payments.capture_payment", order_id=order_id) == (
            "PaymentDeclined",
            {"reason": "capture_declined"},
        )
    assert rpc.call("payments.void_payment", order_id=order_id) == {"state": "voided"}
    assert charges(engines, order_id) == []
    assert postings(engines, order_id) == ["authorized", "voided"]
    assert facts(engines, order_id) == [fact(1, "authorized"), fact(2, "declined"), fact(3, "voided")]


def test_an_answer_after_the_deadline_is_looked_up(
    rpc: Rpc, engines: dict[str, Engine], order_id: str
) -> None:
    assert authorize(rpc, order_id, "tok_late")["state"] == "authorized"
    assert postings(engines, order_id) == ["authorized"]


def test_a_late_capture_is_looked_up(rpc: Rpc, engines: dict[str, Engine], order_id: str) -> None:
    authorize(rpc, order_id, "tok_capture_late")
    assert rpc.call("payments.capture_payment", order_id=order_id) == {"state": "captured"}
    assert charges(engines, order_id) == [("capture", 500)]


def test_a_failure_is_unknown_and_the_retry_finds_out(
    rpc: Rpc, engines: dict[str, Engine], order_id: str
) -> None:
    arguments = {
        "order_id": order_id,
        "amount_minor": 500,
        "currency": "EUR",
        "payment_token": "tok_fail_once",
    }
    assert refused(rpc, "payments.authorize_payment", **arguments) == (
        "OutcomeUnknown",
        {"step": "authorize_payment"},
    )
    assert postings(engines, order_id) == []
    assert rpc.call("payments.authorize_payment", **arguments)["state"] == "authorized"
    assert postings(engines, order_id) == ["authorized"]


def test_a_processor_that_never_answers_is_voided(
    rpc: Rpc, services: dict[str, Process], engines: dict[str, Engine], order_id: str
) -> None:
    arguments = {"order_id": order_id, "amount_minor": 500, "currency": "EUR", "payment_token": "tok_timeout"}
    assert refused(rpc, "payments.authorize_payment", **arguments)[0] == "OutcomeUnknown"
    assert rpc.call("payments.void_payment", order_id=order_id) == {"state": "voided"}
    assert refused(rpc, "payments.authorize_payment", **arguments) == (
        "StepWithdrawn",
        {"step": "authorize_payment"},
    )
    assert charges(engines, order_id) == []
    assert postings(engines, order_id) == []
    # the intent that never got its answer is closed by the resolver
    eventually(lambda: open_intents(engines, order_id) == [], within=20)
    eventually(lambda: "payments_open_intents 0.0" in services["payments"].managed("/metrics")[1])


def test_a_void_that_overtakes_the_authorisation_wins(
    rpc: Rpc, amqp_url: str, engines: dict[str, Engine], order_id: str
) -> None:
    """tok_late is authorised at the processor at once, and answered late: the void comes in between."""
    waiting = rpc.send(
        "payments.authorize_payment",
        order_id=order_id,
        amount_minor=500,
        currency="EUR",
        payment_token="tok_late",
    )
    eventually(
        lambda: rows(engines["processor"], 'select 1 from "authorization" where order_id = :o', o=order_id)
    )
    other = Rpc(amqp_url)
    assert other.call("payments.void_payment", order_id=order_id) == {"state": "voided"}
    other.close()
    with pytest.raises(RemoteError) as error:
        rpc.receive(waiting)
    assert error.value.name == "StepWithdrawn"
    assert [
        row["status"]
        for row in rows(
            engines["processor"], 'select status from "authorization" where order_id = :o', o=order_id
        )
    ] == ["voided"]
    assert postings(engines, order_id) == []
    assert refused(rpc, "payments.capture_payment", order_id=order_id) == (
        "StepWithdrawn",
        {"step": "capture_payment"},
    )
    assert charges(engines, order_id) == []


def test_a_void_before_the_authorisation_refuses_it(
    rpc: Rpc, engines: dict[str, Engine], order_id: str
) -> None:
    assert rpc.call("payments.void_payment", order_id=order_id) == {"state": "voided"}
    arguments = {"order_id": order_id, "amount_minor": 500, "currency": "EUR", "payment_token": "tok_approve"}
    assert refused(rpc, "payments.authorize_payment", **arguments) == (
        "StepWithdrawn",
        {"step": "authorize_payment"},
    )
    assert (
        rows(engines["processor"], "select 1 from request where idempotency_key like :o", o=f"{order_id}%")
        == []
    )
    assert rpc.call("payments.get_payment", order_id=order_id) is None


def test_what_is_captured_is_not_voided(rpc: Rpc, engines: dict[str, Engine], order_id: str) -> None:
    authorize(rpc, order_id)
    rpc.call("payments.capture_payment", order_id=order_id)
    assert refused(rpc, "payments.void_payment", order_id=order_id)[0] == "InvalidRequest"
    assert postings(engines, order_id) == ["authorized", "captured"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount_minor": 0}, "amount_minor"),
        ({"amount_minor": -5}, "amount_minor"),
        ({"amount_minor": True}, "amount_minor"),
        ({"amount_minor": "500"}, "amount_minor"),
        ({"currency": "USD"}, "currency"),
        ({"payment_token": ""}, "payment_token"),
        ({"payment_token": "x" * 65}, "payment_token"),
        ({"order_id": "1"}, "order_id"),
    ],
)
def test_bad_arguments_name_the_field_and_store_nothing(
    rpc: Rpc, engines: dict[str, Engine], order_id: str, change: dict[str, Any], field: str
) -> None:
    arguments = {
        "order_id": order_id,
        "amount_minor": 500,
        "currency": "EUR",
        "payment_token": "tok_approve",
        **change,
    }
    name, detail = refused(rpc, "payments.authorize_payment", **arguments)
    assert (name, detail["field"]) == ("InvalidRequest", field)
    assert rows(engines["payments"], "select 1 from payment where order_id = :o", o=order_id) == []


def test_another_amount_for_the_same_order_is_refused(
    rpc: Rpc, engines: dict[str, Engine], order_id: str
) -> None:
    authorize(rpc, order_id, amount=500)
    arguments = {"order_id": order_id, "amount_minor": 900, "currency": "EUR", "payment_token": "tok_approve"}
    assert refused(rpc, "payments.authorize_payment", **arguments)[0] == "InvalidRequest"
    assert rpc.call("payments.capture_payment", order_id=order_id) == {"state": "captured"}
    assert charges(engines, order_id) == [("capture", 500)]


def test_no_token_is_logged_or_stored_by_payments(
    rpc: Rpc, services: dict[str, Process], engines: dict[str, Engine], order_id: str
) -> None:
    token = f"tok_secret_{int(time.time())}"
    arguments = {"order_id": order_id, "amount_minor": 500, "currency": "EUR", "payment_token": token}
    assert refused(rpc, "payments.authorize_payment", **arguments)[0] == "PaymentDeclined"
    eventually(lambda: order_id in services["payments"].printed())
    assert token not in services["payments"].printed()
    for table in ("payment", "intent", "step_reply", "outbox"):
        found = rows(engines["payments"], f"select to_jsonb(t)::text as line from {table} t")
        assert not [row for row in found if token in row["line"]], table


def open_intents(engines: dict[str, Engine], order_id: str) -> list[str]:
    statement = "select step from intent where order_id = :o and closed_at is null"
    return [row["step"] for row in rows(engines["payments"], statement, o=order_id)]
