"""SIGKILL at any moment, and at the worst one: no mail is lost, and one that goes twice is recognisable."""

import os
from pathlib import Path

from bazaar_shared.testing import eventually

from .market import address
from .processes import Start, together
from .world import World, order_event

ORDERS = 500 if os.environ.get("FULL") == "1" else 60


def test_worker_and_beat_are_killed_amid_many_orders(start: Start, world: World):
    product = world.market.product()
    orders = [world.market.order(product) for _ in range(ORDERS)]
    commands = ("consume", "beat", "worker")
    processes = dict(zip(commands, together(start, *commands), strict=True))

    def sent() -> int:
        return world.states(*orders)["order_confirmed", "sent"]

    world.tell("orders.order", *(order_event(order, "confirmed") for order in orders))
    kills = ("worker", "beat", "worker", "consume", "worker")
    for number, command in enumerate(kills, 1):
        eventually(lambda part=number: sent() >= ORDERS * part // (len(kills) + 1), within=120)
        children = processes[command].children() if command == "worker" else []
        processes[command].kill()
        # nobody goes on without the parent that would acknowledge
        eventually(lambda left=children: not any(Path(f"/proc/{pid}/exe").exists() for pid in left))
        processes[command] = start(command).until_ready()
    eventually(lambda: sent() == ORDERS, within=300)

    found = world.rows.execute(
        "select message_id from intents where order_id = any(%s)", ([o.id for o in orders],)
    )
    meant = [message_id for (message_id,) in found]
    arrived = world.mailbox.message_ids()
    assert len(meant) == len(set(meant)) == ORDERS
    assert {name for name in arrived if name in set(meant)} == set(meant)
    twice = [name for name in meant if arrived[name] > 1]
    # only what a killed worker had in its hands can have gone out again
    assert len(twice) <= kills.count("worker") * int(world.environment["CONCURRENCY"])
    assert all(arrived[name] == 2 for name in twice)
    # and who got one, got that one
    assert all(
        len({letter["Message-ID"] for letter in world.mailbox.to(address(o.shopper_id))}) == 1 for o in orders
    )


def test_killed_between_the_mail_server_s_answer_and_the_mark(start: Start, world: World):
    order = world.market.order(world.market.product(picture=None))
    fault = Path(world.environment["FAULT_FILE"])
    fault.write_text("sent")
    together(start, "worker", "beat", "consume")

    world.tell("orders.order", order_event(order, "confirmed"))
    eventually(lambda: world.states(order) == {("order_confirmed", "sent"): 1}, within=60)

    letters = world.mailbox.to(address(order.shopper_id))
    intent = world.intent(f"order:{order.id}", "order_confirmed")
    assert intent
    assert not fault.exists()
    # twice, under one Message-ID, with one date: SMTP gives no more
    assert [letter["Message-ID"] for letter in letters] == [intent["message_id"]] * 2
    assert letters[0]["Date"] == letters[1]["Date"]
    assert (intent["attempts"], intent["lost"]) == (2, 1)


def test_killed_before_the_mail_server_was_asked(start: Start, world: World):
    order = world.market.order(world.market.product(picture=None))
    worker, *_ = together(start, "worker", "beat", "consume")
    before = set(worker.children())
    Path(world.environment["FAULT_FILE"]).write_text("claimed")

    world.tell("orders.order", order_event(order, "confirmed"))
    eventually(lambda: world.states(order) == {("order_confirmed", "sent"): 1}, within=60)

    assert len(world.mailbox.to(address(order.shopper_id))) == 1
    intent = world.intent(f"order:{order.id}", "order_confirmed")
    assert intent
    assert (intent["attempts"], intent["lost"]) == (2, 1)
    # the worker itself lived on, with a new child
    assert worker.ended is None
    assert set(worker.children()) != before
    assert worker.metric("celery_task_lost_total") == 0  # requeued is not failed


def test_a_mail_that_kills_every_worker_is_given_up(start: Start, world: World):
    order = world.market.order(world.market.product(picture=None))
    fault = Path(world.environment["FAULT_FILE"])
    fault.write_text("claimed*")
    together(start, "worker", "beat", "consume", LEASE_SECONDS="1")

    world.tell("orders.order", order_event(order, "confirmed"))
    eventually(lambda: world.states(order) == {("order_confirmed", "dead"): 1}, within=120)

    intent = world.intent(f"order:{order.id}", "order_confirmed")
    assert intent
    assert (intent["last_error"], intent["lost"]) == ("5 workers were lost with it", 5)
    assert world.mailbox.letters == []


def test_a_stop_finishes_the_mail_that_is_under_way(start: Start, world: World):
    order = world.market.order(world.market.product(picture=None))
    world.mailbox.takes_seconds = 2
    worker, _ = together(start, "worker", "consume")

    world.tell("orders.order", order_event(order, "confirmed"))
    eventually(lambda: world.mailbox.taking == 1, within=60)
    worker.signal()

    assert worker.child.wait(timeout=30) == 0
    assert world.states(order) == {("order_confirmed", "sent"): 1}
    assert len(world.mailbox.letters) == 1
