"""seed and export."""

import io
import json
from pathlib import Path

import pytest
from identity.accounts.models import Account
from identity.commands.export import export_accounts
from identity.commands.seed import seed_accounts
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from .world import API, Clock, CountingHasher, Replica

MARKET = """
currency: EUR
accounts:
  - id: 17a1b4fe-68da-5c3b-8c55-2ec702c0478e
    email: shopper@bazaar.example
    display_name: Sam Shopper
    password: open-sesame-and-more
    roles: [shopper]
  - id: 96e7c199-cdfa-5ccb-861c-391a16992aad
    email: operator@bazaar.example
    display_name: Olga Operator
    password: open-sesame-and-more
    roles: [operator, shopper]
categories: []
sellers: []
"""


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    (tmp_path / "market.yaml").write_text(MARKET)
    return tmp_path


@pytest.fixture
def seeded(engine: Engine, demo: Path, hasher: CountingHasher, clock: Clock):
    def run() -> int:
        with Session(engine) as db, db.begin():
            return seed_accounts(db, demo, hasher, clock.now())

    return run


def test_the_demo_accounts_have_the_ids_of_the_file(identity: Replica, seeded):
    assert seeded() == 2

    granted = identity.sign_in("operator@bazaar.example", "open-sesame-and-more").json
    headers = {"Authorization": f"Bearer {granted['access_token']}"}
    items = identity.http.get(f"{API}/accounts", headers=headers).json["items"]
    assert {(account["id"], account["email"], *account["roles"]) for account in items} == {
        ("17a1b4fe-68da-5c3b-8c55-2ec702c0478e", "shopper@bazaar.example", "shopper"),
        ("96e7c199-cdfa-5ccb-861c-391a16992aad", "operator@bazaar.example", "operator", "shopper"),
    }


def test_seeding_again_changes_nothing_not_even_what_was_erased(identity: Replica, seeded, engine: Engine):
    seeded()
    granted = identity.sign_in("shopper@bazaar.example", "open-sesame-and-more").json
    headers = {"Authorization": f"Bearer {granted['access_token']}"}
    identity.http.delete_json(f"{API}/accounts/me", {"password": "open-sesame-and-more"}, headers=headers)

    assert seeded() == 0

    with Session(engine) as db:
        assert sorted(db.scalars(select(Account.state))) == ["active", "erased"]


def test_an_address_that_somebody_has_taken_is_left_to_them(identity: Replica, seeded, engine: Engine):
    identity.sign_up("shopper@bazaar.example")

    assert seeded() == 1

    with Session(engine) as db:
        assert db.scalar(select(func.count()).select_from(Account)) == 2


def test_the_projects_own_market_can_be_seeded(engine: Engine, repository: Path, clock: Clock):
    class NoHasher(CountingHasher):
        def hash(self, password: str) -> str:
            return "x"

    with Session(engine) as db, db.begin():
        assert seed_accounts(db, repository / "demo", NoHasher(), clock.now()) >= 3
        roles = set(db.scalars(select(func.unnest(Account.roles))))
    assert roles == {"shopper", "seller", "operator"}


def test_the_books_have_no_personal_data(identity: Replica, seeded, engine: Engine):
    seeded()
    out = io.StringIO()

    with Session(engine) as db:
        export_accounts(db, out)

    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [set(line) for line in lines] == [{"kind", "id", "roles", "state", "created_at"}] * 2
    assert {line["id"] for line in lines} == {
        "17a1b4fe-68da-5c3b-8c55-2ec702c0478e",
        "96e7c199-cdfa-5ccb-861c-391a16992aad",
    }
    assert "bazaar.example" not in out.getvalue()
