import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command

from catalog.accounts.models import User
from catalog.events.models import OutboxMessage
from catalog.operations.seeding import Market, Seeded, seed
from catalog.products.models import Product
from catalog.sellers.models import Seller, SellerStaff

MARKET = Path(settings.CONFIG.demo_dir)


@pytest.fixture
def edited(tmp_path: Path) -> Any:
    """The market file with changes to its products."""
    (tmp_path / "pictures").symlink_to(MARKET / "pictures")

    def edit(change: Any) -> Market:
        document = yaml.safe_load((MARKET / "market.yaml").read_text())
        change(document)
        (tmp_path / "market.yaml").write_text(yaml.safe_dump(document))
        return Market.read(tmp_path)

    return edit


def test_each_new_product_leaves_one_event_and_a_second_run_none(db: None, events: Any) -> None:
    assert seed(Market.read(MARKET)) == Seeded(introduced=4, changed=0)
    assert sorted(event["data"]["sku"] for event in events()) == ["M-1", "T-1", "T-2", "T-3"]
    assert seed(Market.read(MARKET)) == Seeded(introduced=0, changed=0)
    assert len(events()) == 4
    assert SellerStaff.objects.count() == 2


def test_what_a_seller_has_changed_stays(market: SimpleNamespace, edited: Any, events: Any) -> None:
    def other(document: Any) -> None:
        document["sellers"][0]["products"][0]["price_minor"] = 1000
        document["sellers"][0]["name"] = "Another name"
        document["categories"][0]["tax_rate_bp"] = 500

    assert seed(edited(other)) == Seeded(introduced=0, changed=0)
    assert events() == []
    assert not Seller.objects.filter(name="Another name").exists()


def test_a_reset_tells_what_differs_from_the_file_and_nothing_else(
    market: SimpleNamespace, edited: Any, events: Any
) -> None:
    def cheaper(document: Any) -> None:
        document["sellers"][0]["products"][0]["price_minor"] = 1000

    assert seed(edited(cheaper), reset=True) == Seeded(introduced=0, changed=1)
    assert [(event["data"]["sku"], event["data"]["price_minor"]) for event in events()] == [("T-1", 1000)]


def test_a_tax_rate_in_the_file_is_told_of_each_product(
    market: SimpleNamespace, edited: Any, events: Any
) -> None:
    def taxed(document: Any) -> None:
        document["categories"][0]["tax_rate_bp"] = 500

    seed(edited(taxed), reset=True)
    assert {(event["data"]["sku"], event["data"]["tax_rate_bp"]) for event in events()} == {
        ("T-1", 500), ("T-2", 500), ("T-3", 500),
    }  # fmt: skip


def test_a_fault_in_the_file_changes_nothing(db: None, edited: Any, events: Any) -> None:
    def broken(document: Any) -> None:
        document["sellers"][1]["products"][0]["category"] = "nothing-like-it"

    with pytest.raises(KeyError):
        seed(edited(broken))
    assert events() == []
    assert Product.objects.count() == 0
    assert User.objects.count() == 0


def test_the_accounts_of_the_back_office(market: SimpleNamespace, client: Any) -> None:
    assert set(User.objects.values_list("email", "is_superuser", "is_staff")) == {
        ("operator@bazaar.example", True, True),
        ("teas@bazaar.example", False, True),
        ("maps@bazaar.example", False, True),
    }
    assert client.login(username="teas@bazaar.example", password="test-only-2")
    market.tess.set_password("a better one")
    market.tess.save()
    seed(Market.read(MARKET))
    assert not client.login(username="teas@bazaar.example", password="test-only-2")


def test_the_books(market: SimpleNamespace) -> None:
    Product.objects.filter(pk=market.map.pk).archive(by="mara")
    out = io.StringIO()
    call_command("export", stdout=out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    outbox = lines.pop()
    assert (outbox["kind"], outbox["unsent"]) == ("outbox", 1)
    assert outbox["oldest_age_seconds"] >= 0
    assert lines[0] == {
        "kind": "product", "id": str(market.assam.pk), "price_minor": 1240, "version": 1, "status": "active",
    }  # fmt: skip
    assert [(line["version"], line["status"]) for line in lines] == [
        (1, "active"), (1, "active"), (1, "active"), (2, "archived"),
    ]  # fmt: skip
    OutboxMessage.objects.all().delete()
    out = io.StringIO()
    call_command("export", stdout=out)
    assert json.loads(out.getvalue().splitlines()[-1]) == {
        "kind": "outbox",
        "unsent": 0,
        "oldest_age_seconds": 0,
    }
