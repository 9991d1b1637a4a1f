"""The canvas fetch → render in three sizes → store, with what may happen to it."""

from pathlib import Path

import psycopg
from notifications.app import DEAD, DELIVERY_LIMIT, create_celery
from notifications.settings import load

from bazaar_shared.testing import eventually

from .market import address
from .processes import Start, together
from .test_retries import replay
from .world import World, order_event

SIZES = [96, 128, 360]


def _sizes(rows: psycopg.Connection) -> list[int]:
    return [size for (size,) in rows.execute("select size from renditions order by size")]


def test_a_catalog_that_is_away_for_a_moment_is_asked_again_by_the_broker(start: Start, world: World):
    """`autoretry_for` through Celery's delayed delivery: quorum queues, and so topic exchanges."""
    order = world.market.order(world.market.product())
    world.market.picture_failures = 2
    together(start, "worker", "consume", PICTURE_WAIT_SECONDS="60")

    world.tell("orders.order", order_event(order, "confirmed"))
    eventually(lambda: world.states(order) == {("order_confirmed", "sent"): 1}, within=60)

    assert world.market.asked["/api/catalog/pictures"] == 3
    assert _sizes(world.rows) == SIZES
    [letter] = world.mailbox.to(address(order.shopper_id))
    [picture] = [part for part in letter.walk() if part.get_content_type() == "image/png"]
    assert picture.get_content().startswith(b"\x89PNG")


def test_a_picture_is_drawn_once_for_many_mails(start: Start, world: World):
    product = world.market.product()
    orders = [world.market.order(product) for _ in range(12)]
    together(start, "worker", "beat", "consume", PICTURE_WAIT_SECONDS="20")

    world.tell("orders.order", *(order_event(order, "confirmed") for order in orders))
    eventually(lambda: world.states(*orders) == {("order_confirmed", "sent"): 12}, within=90)

    assert world.market.asked["/api/catalog/pictures"] == 1
    with_picture = [
        letter
        for order in orders
        for letter in world.mailbox.to(address(order.shopper_id))
        if any(part.get_content_type() == "image/png" for part in letter.walk())
    ]
    assert len(with_picture) == 12


def test_what_is_no_picture_holds_no_mail_up(start: Start, world: World):
    broken, gone = world.market.product(picture=b"<svg><not closed"), world.market.product()
    del world.market.pictures[str(world.market.products[gone]["picture_url"]).rpartition("/")[2]]
    order = world.market.order(broken, gone)
    # without beat: only the canvas' end can wake it
    together(start, "worker", "consume", PICTURE_WAIT_SECONDS="60")

    world.tell("orders.order", order_event(order, "confirmed"))

    eventually(lambda: world.states(order) == {("order_confirmed", "sent"): 1}, within=40)
    assert _sizes(world.rows) == []


def test_poison_goes_to_the_dead_letters_and_comes_back_by_command(start: Start, world: World):
    """A picture that kills whoever draws it: after the delivery limit its messages are laid aside."""
    order = world.market.order(world.market.product())
    fault = Path(world.environment["FAULT_FILE"])
    fault.write_text("rendering*")
    worker, *_ = together(start, "worker", "beat", "consume")

    world.tell("orders.order", order_event(order, "confirmed"))
    # the mail goes meanwhile, without the picture
    eventually(lambda: world.states(order) == {("order_confirmed", "sent"): 1}, within=90)
    eventually(lambda: _waiting(world, DEAD) == len(SIZES), within=90)
    killed = [line for line in worker.lines() if line["message"].startswith("this process kills itself")]
    assert len(killed) == len(SIZES) * (DELIVERY_LIMIT + 1)
    assert _sizes(world.rows) == []

    fault.unlink()
    said = replay(world)

    assert '"messages": 3' in said
    # the chord goes on where it was
    eventually(lambda: _sizes(world.rows) == SIZES, within=60)
    assert _waiting(world, DEAD) == 0


def test_a_message_that_names_no_task_is_laid_aside_too(start: Start, world: World):
    start("worker").until_ready()
    app = create_celery(load(**{name.lower(): value for name, value in world.environment.items()}))

    app.send_task("notifications.mails.of_a_later_release", ["x"])

    eventually(lambda: _waiting(world, DEAD) == 1, within=30)


def _waiting(world: World, queue: str) -> int:
    app = create_celery(load(**{name.lower(): value for name, value in world.environment.items()}))
    with app.connection_for_read() as connection:
        return int(connection.default_channel.queue_declare(queue, passive=True).message_count)
