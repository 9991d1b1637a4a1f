"""What happened to an order becomes a mail: Kafka → consume → RabbitMQ → worker → SMTP."""

import io
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

from pypdf import PdfReader

from bazaar_shared.testing import eventually

from .market import OTHER_SELLER, address
from .processes import Start, together
from .world import World, order_event


def _part(letter: EmailMessage, kind: str) -> str:
    found = letter.get_body((kind,))
    assert found is not None
    return str(found.get_content())


def test_a_confirmed_order_is_a_mail_with_pictures_and_an_invoice(start: Start, world: World):
    tea, maps = world.market.product("Hōjicha"), world.market.product("Map <1881>", OTHER_SELLER)
    order = world.market.order(tea, maps)
    worker, _ = together(start, "worker", "consume")

    world.tell("orders.order", order_event(order, "confirmed"))

    eventually(lambda: world.states(order) == {("order_confirmed", "sent"): 1}, within=60)
    [letter] = world.mailbox.to(address(order.shopper_id))
    intent = world.intent(f"order:{order.id}", "order_confirmed")
    assert intent
    assert letter["Message-ID"] == intent["message_id"] == f"<{intent['id']}@bazaar.example>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert "Map &lt;1881&gt;" in _part(letter, "html")
    assert "Map <1881>" in _part(letter, "plain")
    pictures = {
        part["Content-ID"].strip("<>") for part in letter.walk() if part.get_content_type() == "image/png"
    }
    assert len(pictures) == 2
    assert all(f'src="cid:{name}"' in _part(letter, "html") for name in pictures)
    [attached] = letter.iter_attachments()
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(attached.get_content())).pages)
    for words in (
        "Hōjicha",
        "Map <1881>",
        "Sold by Leaf & Kettle",
        "Sold by Far Corners",
        "51.60\u00a0EUR",
        "Ada Lovelace",
    ):
        assert words in text
    # the trace that the event came with is that of the mail's log line
    trace = "0af7651916cd43dd8448eb211c80319c"
    assert [
        line
        for line in worker.lines()
        if line.get("trace_id") == trace and line.get("id") == str(intent["id"])
    ]


def test_each_news_of_an_order_is_one_mail_however_often_it_is_told(start: Start, world: World):
    order = world.market.order(world.market.product(picture=None))
    together(start, "worker", "consume")

    told = [order_event(order, status) for status in ("confirmed", "shipped", "refunding")]
    # the refund came too late: it goes on as it was
    told += [order_event(order, "shipped", "parcel_left"), order_event(order, "delivered", "parcel_left")]
    world.market.orders[order.id]["status"] = "delivered"
    world.tell("orders.order", *told, *told[:3])

    wanted = {(f"order_{status}", "sent"): 1 for status in ("confirmed", "shipped", "delivered")}
    eventually(lambda: world.states(order) == wanted, within=60)
    letters = world.mailbox.to(address(order.shopper_id))
    assert len(letters) == 3
    assert len({letter["Message-ID"] for letter in letters}) == 3
    shipped = next(letter for letter in letters if "on its way" in letter["Subject"])
    assert "BZTRACK" in _part(shipped, "plain")
    assert list(shipped.iter_attachments()) == []


def test_who_is_told_nothing(start: Start, world: World):
    """An erased account, an order that orders does not know, news of last week."""
    product = world.market.product(picture=None)
    erased, unknown, old = (world.market.order(product) for _ in range(3))
    world.market.erased.add(erased.shopper_id)
    del world.market.orders[unknown.id]
    together(start, "worker", "consume")

    last_week = datetime.now(UTC) - timedelta(days=8)
    world.tell(
        "orders.order", order_event(erased, "cancelled", "out_of_stock"), order_event(unknown, "confirmed")
    )
    world.tell("orders.order", order_event(old, "confirmed", time=last_week))

    def settled() -> bool:
        return world.states(erased, unknown, old) == {
            ("order_cancelled", "skipped"): 1,
            ("order_confirmed", "dead"): 1,
            ("order_confirmed", "skipped"): 1,
        }

    eventually(settled, within=60)
    intent = world.intent(f"order:{unknown.id}", "order_confirmed")
    assert intent
    assert (intent["last_error"], intent["attempts"]) == ("orders does not know this order", 1)
    assert world.mailbox.letters == []


def test_no_address_is_kept_anywhere(start: Start, world: World):
    order = world.market.order(world.market.product(picture=None))
    together(start, "worker", "consume")
    world.mailbox.answers = ["450 greylisted, " + address(order.shopper_id)]

    world.tell("orders.order", order_event(order, "confirmed"))
    eventually(lambda: world.mailbox.refused == 1, within=60)
    eventually(
        lambda: (world.intent(f"order:{order.id}", "order_confirmed") or {}).get("last_error"), within=20
    )

    tables = [
        name for (name,) in world.rows.execute("select tablename from pg_tables where schemaname = 'public'")
    ]
    for table in tables:
        found = world.rows.execute(
            f"select count(*) from {table} where {table}::text like %s or {table}::text like '%%Lovelace%%'",
            (f"%{address(order.shopper_id)}%",),
        ).fetchone()
        assert found == (0,), table
