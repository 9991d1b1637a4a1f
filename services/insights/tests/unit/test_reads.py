"""Shares of several workers, put together; and what is thrown away."""

from insights import reads
from insights.expiry import expire

from tests.events import NOW, new_id
from tests.unit.conftest import Unit

MOMENT = NOW.timestamp()


def item(product: str, score: int) -> dict[str, object]:
    return {"product_id": product, "score": score, "views": score, "adds": 0, "buys": 0}


def test_the_best_of_all_shares_are_trending() -> None:
    answer = reads.trending([{"items": [item("a", 5), item("b", 1)]}, {"items": [item("c", 3)]}], MOMENT, 2)
    assert [each["product_id"] for each in answer["items"]] == ["a", "c"]
    assert answer["as_of"] == "2026-11-26T12:00:30Z"


def test_the_funnel_adds_up_and_its_shares_are_of_all_visits() -> None:
    answer = reads.funnel([{"reached": [3, 3, 0, 1, 0]}, {"reached": [1, 1, 1, 0, 0]}], MOMENT, 24)
    assert [(step["step"], step["sessions"], step["share"]) for step in answer["steps"]] == [
        ("view", 4, 1.0), ("search", 1, 0.25), ("add", 1, 0.25), ("buy", 0, 0.0),
    ]  # fmt: skip
    assert [step["share"] for step in reads.funnel([{"reached": [0] * 5}], MOMENT, 1)["steps"]] == [0.0] * 4


def test_baskets_add_up() -> None:
    share = {"open": 2, "abandoned": 1, "abandoned_value_minor": 300}
    assert reads.baskets([share, share], "EUR") == {
        "open": 4, "abandoned": 2, "abandoned_value_minor": 600, "currency": "EUR",
    }  # fmt: skip


def test_pages_of_alerts_go_on_where_the_last_one_ended() -> None:
    alerts = [{"at": f"2026-11-26T12:00:0{n}Z", "alert_id": str(n)} for n in range(5)]
    page, after = reads.alerts([{"items": alerts[:3]}, {"items": alerts[3:]}], 2)
    assert [each["alert_id"] for each in page] == ["4", "3"]
    assert after == {"at": "2026-11-26T12:00:03Z", "alert_id": "3"}
    assert reads.alerts([{"items": alerts[:1]}], 2) == (alerts[:1], None)


async def test_keys_that_are_times_end_and_the_others_stay(unit: Unit) -> None:
    tables, day = unit.tables, 86400
    data = (
        (tables.click_minutes, f"p|{int(MOMENT) - 3 * 3600}", {}, f"p|{int(MOMENT) - 60}", {}),
        (tables.session_hours, f"0|{int(MOMENT) - 9 * day}", {}, f"0|{int(MOMENT) - 6 * day}", {}),
        (tables.sessions, "old", [int(MOMENT) - 9 * day, 1], "new", [int(MOMENT), 1]),
        (tables.shoppers, "old", {"o": MOMENT - 2 * day}, "new", {"o": MOMENT}),
        (tables.sellers, "s", {"0": [1, 1]}, "t", {"1": [1, 1]}),
    )
    for table, old, value, new, other in data:
        table.data[old], table.data[new] = value, other
    window, past = (MOMENT - 600, MOMENT + 1200), (MOMENT - 9000, MOMENT - 7300)
    product = new_id()
    tables.trending.table.data[(product, window)] = {}
    tables.trending.table.data[(product, past)] = {}

    assert await expire(tables, MOMENT) == 5
    assert [list(table.keys()) for table, *_ in data[:4]] == [[new] for _, _, _, new, _ in data[:4]]
    assert len(list(tables.sellers.keys())) == 2
    assert len(list(tables.trending.table.keys())) == 1
