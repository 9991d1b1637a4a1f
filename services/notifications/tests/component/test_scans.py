"""Beat's scans: reminders, reports, and news for a stall. Two beats and two workers do nothing twice."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from bazaar_shared.testing import eventually

from .market import OTHER_SELLER, SELLER, address
from .processes import Start, together
from .world import World, basket_event, order_event, review_event

YESTERDAY = datetime.now(UTC) - timedelta(days=1)
TWO_DAYS_AGO = datetime.now(UTC) - timedelta(days=2)


def two_of_each(start: Start) -> None:
    for number in ("1", "2"):
        start("worker", PROCESS_NAME=f"worker-{number}", REPORT_HOUR="0", CONCURRENCY="1")
        start("beat")
    start("consume").until_ready()


def test_two_beats_remind_once_of_each_basket_that_was_left(start: Start, world: World):
    tea = world.market.product("Sencha", picture=None)
    left, touched, bought, emptied, fresh, dearer = (uuid4() for _ in range(6))
    owner = {basket: uuid4() for basket in (left, touched, bought, emptied, fresh, dearer)}
    line, now = (tea, 2, 1290), datetime.now(UTC)
    two_of_each(start)

    world.tell(
        "basket.basket",
        basket_event(left, 3, line, shopper_id=owner[left], time=TWO_DAYS_AGO),
        basket_event(uuid4(), 1, line, shopper_id=None, time=TWO_DAYS_AGO),
        basket_event(bought, 1, line, shopper_id=owner[bought], time=TWO_DAYS_AGO),
        basket_event(bought, 2, line, shopper_id=owner[bought], status="checked_out", time=TWO_DAYS_AGO),
        basket_event(emptied, 2, shopper_id=owner[emptied], time=TWO_DAYS_AGO),
        basket_event(fresh, 1, line, shopper_id=owner[fresh], time=now),
        basket_event(touched, 1, line, shopper_id=owner[touched], time=TWO_DAYS_AGO),
        # a new price is nothing that its owner did: the basket is as old as before
        basket_event(dearer, 1, line, shopper_id=owner[dearer], time=TWO_DAYS_AGO),
        basket_event(dearer, 2, (tea, 2, 1390), shopper_id=owner[dearer], time=now),
    )
    causes = [f"basket:{left}:3", f"basket:{touched}:1", f"basket:{dearer}:1"]
    for cause in causes:
        eventually(
            lambda one=cause: (world.intent(one, "basket_abandoned") or {}).get("state") == "sent", within=60
        )
    # a second version with other contents, left again: a reminder of its own
    world.tell(
        "basket.basket", basket_event(touched, 2, (tea, 5, 1290), shopper_id=owner[touched], time=YESTERDAY)
    )
    again = f"basket:{touched}:2"
    eventually(lambda: (world.intent(again, "basket_abandoned") or {}).get("state") == "sent", within=60)

    mine = [f"basket:{basket}" for basket in owner]
    kept = world.rows.execute("select cause from intents where template = 'basket_abandoned'").fetchall()
    assert sorted(cause for (cause,) in kept if cause.rpartition(":")[0] in mine) == sorted([*causes, again])
    counts = {basket: len(world.mailbox.to(address(account))) for basket, account in owner.items()}
    assert counts == {left: 1, touched: 2, bought: 0, emptied: 0, fresh: 0, dearer: 1}


def test_two_beats_write_one_report_for_each_stall_and_day(start: Start, world: World):
    one, other = [uuid4(), uuid4()], [uuid4()]
    world.market.staff = {SELLER: one, OTHER_SELLER: other}
    tea, maps = world.market.product("Sencha", picture=None), world.market.product("Map", OTHER_SELLER, None)
    both, taken_back, today = world.market.order(tea, maps), world.market.order(tea), world.market.order(tea)
    two_of_each(start)

    world.tell(
        "orders.order",
        order_event(both, "confirmed", time=YESTERDAY),
        # told again: no second sale
        order_event(both, "confirmed", "parcel_left", time=datetime.now(UTC)),
        order_event(taken_back, "confirmed", time=YESTERDAY),
        order_event(taken_back, "refunded", time=YESTERDAY),
        order_event(today, "confirmed", time=datetime.now(UTC)),
    )

    def reported() -> dict[str, int]:
        found = world.rows.execute(
            "select cause, count(*) from intents where template = 'sales_report' and state = 'sent' "
            "and recipient = any(%s) group by cause",
            (one + other,),
        )
        return dict(found.fetchall())

    day = YESTERDAY.date()
    wanted = {f"report:{SELLER}:{day}": 2, f"report:{OTHER_SELLER}:{day}": 1}
    eventually(lambda: reported() == wanted, within=90)
    letters = [letter for account in one + other for letter in world.mailbox.to(address(account))]
    assert len(letters) == 3
    [to_other] = world.mailbox.to(address(other[0]))
    text = str(to_other.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert "Far Corners on" in text
    assert "Sold    25.80\u00a0EUR" in text
    assert "Orders  1" in text
    [to_one] = world.mailbox.to(address(one[0]))
    text = str(to_one.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert "Taken back on that day: 1 order, 25.80\u00a0EUR." in text


def test_a_review_is_news_for_each_who_works_in_the_stall(start: Start, world: World):
    staff = [uuid4(), uuid4()]
    world.market.staff = {SELLER: staff}
    product, unmanned = world.market.product("Sencha"), world.market.product("Map", OTHER_SELLER)
    review, hidden, nobody = (
        review_event(product, 5),
        review_event(product, 1, "hidden"),
        review_event(unmanned),
    )
    together(start, "worker", "consume")

    world.tell("reviews.review", review, hidden, nobody)
    world.tell("reviews.review", review)

    def told() -> bool:
        found = world.rows.execute(
            "select state from intents where cause = %s order by recipient", (f"review:{review.subject}",)
        )
        return found.fetchall() == [("sent",), ("sent",)]

    eventually(told, within=60)
    subjects = [letter["Subject"] for account in staff for letter in world.mailbox.to(address(account))]
    assert subjects == ["5 of 5 stars for Sencha"] * 2
    skipped = "select last_error from announcements where cause = %s and state = 'skipped'"
    cause = f"review:{nobody.subject}"
    eventually(lambda: world.rows.execute(skipped, (cause,)).fetchone() == ("nobody works in this stall",))
    assert world.intent(f"review:{hidden.subject}", "review_received") is None
