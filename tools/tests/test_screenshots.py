"""Which pictures are taken, and of what; the camera itself is seen at work with `make screenshots`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tools import screenshots
from tools.screenshots import (
    AWAY,
    MARKET,
    SHOTS,
    UNEXPECTED,
    MarketAwayError,
    ScreenshotError,
    account,
    all_products,
    chosen,
    first_line,
    keeper,
    worth_a_picture,
)


def item(
    name: str, seller: str, *, reviews: int = 0, average: float = 4.0, available: int = 9
) -> dict[str, Any]:
    return {
        "id": name,
        "available": available,
        "seller": {"slug": seller},
        "rating": {"count": reviews, "average": average if reviews else None},
    }


def test_without_names_all_are_taken_and_each_has_a_file_of_its_own() -> None:
    assert chosen([]) == list(SHOTS)
    assert len({shot.path(Path("x")) for shot in SHOTS}) == len(SHOTS)


def test_those_that_are_named_are_taken_in_that_order() -> None:
    assert [shot.name for shot in chosen(["order", "home"])] == ["order", "home"]


def test_an_unknown_name_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ScreenshotError, match=r"no picture is called attic; there are: home, product"):
        chosen(["home", "attic"])


def test_the_most_reviewed_of_different_stalls_are_shown() -> None:
    found = worth_a_picture(
        [
            item("tea", "kettle", reviews=5),
            item("more tea", "kettle", reviews=9),
            item("bowl", "kiln", reviews=7),
            item("map", "maps", reviews=1),
            item("lamp", "lantern"),
        ],
        3,
    )
    assert [each["id"] for each in found] == ["more tea", "bowl", "map"]


def test_the_better_of_two_as_often_reviewed_goes_first() -> None:
    found = worth_a_picture(
        [item("fair", "kettle", reviews=5, average=3.1), item("good", "kettle", reviews=5, average=4.9)], 1
    )
    assert [each["id"] for each in found] == ["good"]


def test_what_cannot_be_bought_is_not_shown() -> None:
    few, gone = item("few", "kettle", reviews=9, available=2), item("gone", "kiln", reviews=9, available=0)
    unknown = item("unknown", "maps") | {"available": None, "rating": None}
    assert [each["id"] for each in worth_a_picture([few, gone, unknown, item("map", "maps")], 2)] == ["map"]
    with pytest.raises(ScreenshotError, match="make seed"):
        worth_a_picture([few, gone, unknown], 2)


def test_the_demo_market_has_who_is_needed() -> None:
    market = yaml.safe_load(MARKET.read_text(encoding="utf-8"))
    assert account(market, "operator")["email"] == "operator@bazaar.example"
    assert account(market, "shopper")["password"]
    for seller in market["sellers"]:
        assert keeper(market, seller["slug"])["roles"] == ["seller"]


def at(handler: Any) -> httpx.Client:
    return httpx.Client(base_url="http://market", transport=httpx.MockTransport(handler))


def test_products_are_read_page_after_page() -> None:
    def catalog(request: httpx.Request) -> httpx.Response:
        second = request.url.params.get("cursor") == "two"
        return httpx.Response(
            200, json={"items": [{"id": 2 if second else 1}], "next_cursor": None if second else "two"}
        )

    assert all_products(at(catalog)) == [{"id": 1}, {"id": 2}]


def test_a_catalog_that_refuses_is_a_market_that_is_away() -> None:
    with pytest.raises(MarketAwayError, match="the catalog answers 503 at http://market"):
        all_products(at(lambda request: httpx.Response(503)))


def test_where_no_market_answers_it_says_how_to_start_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    # port 9, discard: nobody listens there
    assert screenshots.main(["--gateway", "http://127.0.0.1:9", "--into", str(tmp_path)]) == AWAY
    told = capsys.readouterr().err
    assert re.match(r"no market answers at http://127\.0\.0\.1:9: .+\n", told)
    assert "`make up` starts the market" in told
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_name_ends_before_anything_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert screenshots.main(["attic", "--gateway", "http://127.0.0.1:9"]) == UNEXPECTED
    assert capsys.readouterr().err.startswith("no picture is called attic")


def test_help_lists_the_pictures(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        screenshots.main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert [shot.name for shot in SHOTS if f"{shot.name:<13} {shot.device}, {shot.scheme}" not in told] == []


def test_of_a_long_error_the_first_line_is_told() -> None:
    assert first_line(AssertionError("\nLocator expected\nCall log:\n  - …")) == "Locator expected"
    assert first_line(AssertionError()) == "AssertionError"
