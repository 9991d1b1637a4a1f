"""seed, export: the demo's reviews and the books."""

import io
import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import yaml
from reviews.commands.export import export
from reviews.commands.seed import seed

from .world import Market

DEMO = Path(__file__).parents[4] / "demo"


def books(market: Market) -> list[dict[str, object]]:
    out = io.StringIO()
    with market.sessions() as session:
        export(session, out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_the_books_hold_every_review_and_every_sum(market: Market):
    product_id = uuid4()
    shopper, review = market.reviewed(product_id, rating=5, body="Not in the books")
    gone, deleted = market.reviewed(product_id, rating=1)
    gone.call("DELETE", f"/{deleted['id']}")

    lines = books(market)

    assert {"kind": "rating_summary", "product_id": str(product_id), "count": 1, "sum": 5} in lines
    written = {line["id"]: line for line in lines if line["kind"] == "review"}
    order_id = market.row(review["id"]).order_id
    assert written[review["id"]] == {
        "kind": "review",
        "id": review["id"],
        "product_id": str(product_id),
        "shopper_id": str(shopper.id),
        "rating": 5,
        "status": "published",
        "version": 1,
        "order_id": str(order_id),
    }
    assert (written[deleted["id"]]["status"], written[deleted["id"]]["version"]) == ("deleted", 2)
    [outbox] = [line for line in lines if line["kind"] == "outbox"]
    # two reviews written, one of them deleted; no relay runs here
    assert (outbox["unsent"], len(lines)) == (3, 4)
    assert 0 <= outbox["oldest_age_seconds"] < 60  # type: ignore[operator]
    assert "Not in the books" not in json.dumps(lines)


def test_the_demos_reviews_are_loaded_once_with_events_and_sums(market: Market):
    wanted = yaml.safe_load((DEMO / "reviews.yaml").read_text("utf-8"))["reviews"]
    with market.sessions.begin() as session:
        assert seed(session, DEMO) == len(wanted)
    with market.sessions.begin() as session:
        assert seed(session, DEMO) == 0

    market.assert_sums_are_right()
    lines = [line for line in books(market) if line["kind"] == "review"]
    assert len(lines) == len(wanted)
    assert {line["order_id"] for line in lines} == {None}
    for line in lines:
        assert [event["aggregateversion"] for event in market.told(str(line["id"]))] == [1]


def test_what_a_shopper_has_made_of_a_demo_review_stays(market: Market, tmp_path: Path):
    entry = yaml.safe_load((DEMO / "reviews.yaml").read_text("utf-8"))["reviews"][0]
    (tmp_path / "reviews.yaml").write_text(yaml.safe_dump({"reviews": [entry]}))
    with market.sessions.begin() as session:
        seed(session, tmp_path)
    shopper = market.person()
    owner = type(shopper)(UUID(entry["shopper_id"]), market.forge.token(entry["shopper_id"]), shopper.client)
    [review] = owner.call("GET", "/mine").get_json()["items"]
    owner.call("DELETE", f"/{review['id']}")

    with market.sessions.begin() as session:
        assert seed(session, tmp_path) == 0

    assert owner.call("GET", "/mine").get_json()["items"] == []
    # the demo's purchase is one: the right to write again is still there
    assert owner.review(UUID(entry["product_id"]), rating=3).status_code == 201


def test_a_file_that_is_not_there_is_an_error(market: Market, tmp_path: Path):
    with market.sessions.begin() as session, pytest.raises(FileNotFoundError):
        seed(session, tmp_path)
