"""The commands: migrate, seed, export, compare; each run as an operator runs it."""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fulfillment.__main__ import main
from fulfillment.inventory.models import Base as Inventory
from fulfillment.migrate import migrate_one
from fulfillment.payments.models import Base as Payments
from fulfillment.processor.models import Base as Processor
from fulfillment.settings import NAMEKO_SERVICES
from fulfillment.shipping.models import Base as Shipping
from fulfillment.storage import open_database
from sqlalchemy import Engine, text
from support.rpc import Rpc

from bazaar_shared.testing import temporary_database
from component.helpers import rows

MODELS = {
    "inventory": Inventory.metadata,
    "payments": Payments.metadata,
    "shipping": Shipping.metadata,
    "processor": Processor.metadata,
}
TEA, MAP = str(uuid4()), str(uuid4())
MARKET = {
    "sellers": [
        {"slug": "tea", "products": [{"id": TEA, "sku": "T-1", "stock": 12}]},
        {"slug": "maps", "products": [{"id": MAP, "sku": "M-1", "stock": 0}]},
    ]
}


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Settings of four empty databases, and a market of two products."""
    (tmp_path / "market.yaml").write_text(yaml.safe_dump(MARKET))
    with ExitStack() as stack:
        found = {
            f"{name.upper()}_DATABASE_URL": stack.enter_context(
                temporary_database(os.environ["TEST_POSTGRES_URL"], f"test_{name}")
            )
            for name in NAMEKO_SERVICES
        }
        yield {**found, "DEMO_DIR": str(tmp_path)}


def exported(env: dict[str, str], capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["export"], env) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("name", NAMEKO_SERVICES)
def test_models_and_migrations_agree(engines: dict[str, Engine], name: str) -> None:
    with engines[name].connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, MODELS[name]) == []


def test_two_replicas_migrate_at_once(empty: dict[str, str]) -> None:
    url = empty["INVENTORY_DATABASE_URL"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate_one("inventory", url), range(4)))
    engine = open_database(url, connections=1)
    assert rows(engine, "select version_num from alembic_version") == [{"version_num": "0002"}]
    engine.dispose()


def test_seed_is_harmless_to_repeat(empty: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate"], empty) == 0
    for _ in range(2):
        assert main(["seed"], empty) == 0
        stock = {line["product_id"]: line for line in exported(empty, capsys) if line["kind"] == "stock"}
        assert stock[TEA] == {
            "kind": "stock",
            "product_id": TEA,
            "on_hand": 12,
            "reserved": 0,
            "adjusted": 12,
            "sold": 0,
            "restocked": 0,
        }
        assert stock[MAP]["on_hand"] == 0


def test_export_and_compare(
    rpc: Rpc,
    env: dict[str, str],
    engines: dict[str, Engine],
    product: str,
    order_id: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = [{"product_id": product, "quantity": 3}]
    rpc.call("inventory.reserve_stock", order_id=order_id, lines=lines)
    authorize = {"order_id": order_id, "amount_minor": 900, "currency": "EUR", "payment_token": "tok_approve"}
    rpc.call("payments.authorize_payment", **authorize)
    rpc.call("payments.capture_payment", order_id=order_id)
    rpc.call("inventory.commit_stock", order_id=order_id)
    books = exported(env, capsys)

    def one(kind: str, **match: str) -> dict[str, Any]:
        [found] = [line for line in books if line["kind"] == kind and match.items() <= line.items()]
        return found

    stock = one("stock", product_id=product)
    assert stock["on_hand"] == stock["adjusted"] + stock["restocked"] - stock["sold"] == 7
    assert one("reservation", order_id=order_id)["lines"] == lines
    assert one("reservation", order_id=order_id)["state"] == "committed"
    payment = one("payment", order_id=order_id)
    assert (payment["authorized_minor"], payment["captured_minor"], payment["refunded_minor"]) == (
        900,
        900,
        0,
    )
    assert (payment["state"], payment["voided"], payment["currency"]) == ("captured", False, "EUR")
    charge = one("processor_charge", order_id=order_id)
    assert (charge["captures"], charge["held_minor"]) == (1, 0)
    balances = [line["balance_minor"] for line in books if line["kind"] == "ledger_balance"]
    assert balances
    assert sum(balances) == 0
    assert {line["database"] for line in books if line["kind"] == "outbox"} == {
        "inventory",
        "payments",
        "shipping",
    }

    with engines["processor"].begin() as connection:
        charge = "insert into charge (authorization_key, order_id, kind, amount_minor, currency)"
        key = f"{order_id}:authorize_payment"
        connection.execute(
            text(f"{charge} values (:k, :o, 'capture', 900, 'EUR')"), {"k": key, "o": order_id}
        )
    assert main(["compare"], env) == 1
    named = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [
        (line["what"], line["ours"], line["theirs"]) for line in named if line.get("order_id") == order_id
    ] == [
        ("captures", 1, 2),
        ("captured_minor", 900, 1800),
    ]


def test_the_books_tell_what_the_processor_still_holds(
    env: dict[str, str], engines: dict[str, Engine], order_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever asked for the hold: each authorization that was neither declined, nor voided, nor captured."""
    other = str(uuid4())
    asked = [
        ("live", order_id, 900, "authorized"),
        ("second", order_id, 50, "authorized"),
        ("taken", order_id, 300, "authorized"),
        ("declined", order_id, 7, "declined"),
        ("voided", order_id, 7, "voided"),
        ("of another", other, 60, "authorized"),
    ]
    with engines["processor"].begin() as connection:
        for name, order, amount, status in asked:
            connection.execute(
                text(
                    'insert into "authorization" (key, authorization_id, order_id, amount_minor, currency,'
                    " payment_token, status) values (:key, :key, :order, :amount, 'EUR', 't', :status)"
                ),
                {"key": f"{order_id}:{name}", "order": order, "amount": amount, "status": status},
            )
        connection.execute(
            text(
                "insert into charge (authorization_key, order_id, kind, amount_minor, currency)"
                " values (:key, :order, 'capture', 300, 'EUR')"
            ),
            {"key": f"{order_id}:taken", "order": order_id},
        )
    charges = {line["order_id"]: line for line in exported(env, capsys) if line["kind"] == "processor_charge"}
    assert charges[order_id] == {
        "kind": "processor_charge",
        "order_id": order_id,
        "captured_minor": 300,
        "captures": 1,
        "refunded_minor": 0,
        "held_minor": 950,
        "voided": True,
        "currency": "EUR",
    }
    assert charges[other]["held_minor"] == 60


def test_the_books_tell_since_when_a_parcel_is_where_it_is(
    env: dict[str, str], engines: dict[str, Engine], order_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parcel_id, left_at = str(uuid4()), datetime(2026, 11, 21, 11, 30, 0, 250_000, tzinfo=UTC)
    with engines["shipping"].begin() as connection:
        connection.execute(
            text(
                "insert into parcel (parcel_id, order_id, seller_id, carrier, tracking_code, status, version,"
                " moves_at, updated_at)"
                " values (:id, :order, :id, 'any', :id, 'delivered', 3, null, :at)"
            ),
            {"id": parcel_id, "order": order_id, "at": left_at},
        )
    [parcel] = [line for line in exported(env, capsys) if line.get("parcel_id") == parcel_id]
    assert datetime.fromisoformat(parcel.pop("updated_at")) == left_at
    assert parcel == {"kind": "parcel", "order_id": order_id, "parcel_id": parcel_id, "status": "delivered"}


def test_what_is_missing_is_named_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["payments"], {}) == 2
    error = capsys.readouterr().err
    assert all(name in error for name in ("PAYMENTS_DATABASE_URL", "AMQP_URL", "PROCESSOR_URL"))


def test_a_call_from_the_command_line(
    rpc: Rpc, env: dict[str, str], product: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = json.dumps({"product_ids": [product]})
    assert main(["call", "inventory.get_stock", arguments], env) == 0
    assert json.loads(capsys.readouterr().out)[product]["available"] == 10
    assert main(["call", "inventory.get_stock", json.dumps({"product_ids": ["x"]})], env) == 1
    assert json.loads(capsys.readouterr().out)["refused"] == "InvalidRequest"
