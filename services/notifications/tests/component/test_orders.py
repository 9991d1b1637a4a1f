"""What happened to an order becomes a mail: Kafka → consume → RabbitMQ → worker → SMTP."""

import io
from email.message import EmailMessage

from pypdf import PdfReader

from bazaar_shared.testing import eventually

from .market import OTHER_SELLER, address
from .processes import Start
from .world import World, order_event


def _part(letter: EmailMessage, kind: str) -> str:
    found = letter.get_body((kind,))
    assert found is not None
    return str(found.get_content())


def test_a_confirmed_order_is_a_mail_with_pictures_and_an_invoice(start: Start, world: World):
    tea, maps = world.market.product("Hōjicha"), world.market.product("Map <1881>", OTHER_SELLER)
    order = world.market.order(tea, maps)
    worker, consumer = start("worker"), start("consume")
    for process in (worker, consumer):
        process.wait_until_ready()

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
