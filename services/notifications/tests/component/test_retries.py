"""Servers that are away for a while, and refusals that are not."""

import os
import subprocess
import sys

from bazaar_shared.testing import eventually
from bazaar_shared.testing.processes import free_port

from .market import address
from .processes import Start, together
from .world import World, order_event


def test_a_mail_server_that_says_later_is_asked_again_less_and_less_often(start: Start, world: World):
    order = world.market.order(world.market.product(picture=None))
    world.mailbox.refuse_all_with = "451 come back later"
    together(start, "worker", "beat", "consume")

    world.tell("orders.order", order_event(order, "confirmed"))
    eventually(lambda: world.mailbox.refused >= 3, within=60)
    waiting = world.intent(f"order:{order.id}", "order_confirmed")
    assert waiting
    assert (waiting["state"], waiting["last_error"]) == ("pending", "the mail server says 451")
    world.mailbox.refuse_all_with = None

    eventually(lambda: world.states(order) == {("order_confirmed", "sent"): 1}, within=60)
    done = world.intent(f"order:{order.id}", "order_confirmed")
    assert done
    assert done["attempts"] == world.mailbox.refused + 1
    assert done["last_error"] is None
    assert len(world.mailbox.to(address(order.shopper_id))) == 1


def test_a_mail_server_and_services_that_are_not_there(start: Start, world: World):
    order = world.market.order(world.market.product(picture=None))
    world.market.away = {"identity", "catalog", "orders"}
    port = free_port()
    together(
        start, "worker", "beat", "consume", SMTP_URL=f"smtp://127.0.0.1:{port}", RETRY_LONGEST_SECONDS="2"
    )

    def last_error(words: str) -> bool:
        intent = world.intent(f"order:{order.id}", "order_confirmed")
        return intent is not None and words in (intent["last_error"] or "")

    world.tell("orders.order", order_event(order, "confirmed"))
    eventually(lambda: last_error("no token from identity"), within=30)
    world.market.away.remove("identity")
    eventually(lambda: last_error("/api/orders/"), within=30)
    world.market.away.clear()
    eventually(lambda: last_error("the mail server is away"), within=30)
    with world.mailbox.served(port):
        eventually(lambda: world.states(order) == {("order_confirmed", "sent"): 1}, within=30)
    assert len(world.mailbox.letters) == 1


def test_a_refusal_for_good_is_not_repeated_until_somebody_says_so(start: Start, world: World):
    order = world.market.order(world.market.product(picture=None))
    world.mailbox.answers = ["550 no such mailbox"]
    together(start, "worker", "beat", "consume")

    world.tell("orders.order", order_event(order, "confirmed"))
    eventually(lambda: world.states(order) == {("order_confirmed", "dead"): 1}, within=60)
    intent = world.intent(f"order:{order.id}", "order_confirmed")
    assert intent
    assert (intent["last_error"], intent["attempts"]) == ("the mail server says 550", 1)
    replay(world)

    eventually(lambda: world.states(order) == {("order_confirmed", "sent"): 1}, within=60)
    assert world.mailbox.message_ids() == {intent["message_id"]: 1}


def test_a_new_token_is_asked_for_when_the_old_one_is_refused(start: Start, world: World):
    product = world.market.product(picture=None)
    first, second = world.market.order(product), world.market.order(product)
    together(start, "worker", "consume", CONCURRENCY="1")
    world.tell("orders.order", order_event(first, "confirmed"))
    eventually(lambda: world.states(first) == {("order_confirmed", "sent"): 1}, within=60)

    world.market.tokens = {"of identity, set up anew"}
    world.tell("orders.order", order_event(second, "confirmed"))

    eventually(lambda: world.states(second) == {("order_confirmed", "sent"): 1}, within=60)


def test_without_redis_mails_go_without_pictures(start: Start, world: World):
    order = world.market.order(world.market.product())
    together(start, "worker", "beat", "consume", REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")

    world.tell("orders.order", order_event(order, "confirmed"))
    eventually(lambda: world.states(order) == {("order_confirmed", "sent"): 1}, within=90)

    [letter] = world.mailbox.to(address(order.shopper_id))
    assert [part for part in letter.walk() if part.get_content_maintype() == "image"] == []
    assert [part.get_content_type() for part in letter.iter_attachments()] == ["application/pdf"]


def test_without_rabbitmq_the_consumer_goes_on_and_the_scan_makes_up_for_it(start: Start, world: World):
    order = world.market.order(world.market.product(picture=None))
    start("consume", AMQP_URL=f"amqp://nobody@127.0.0.1:{free_port()}/none").until_ready()
    world.tell("orders.order", order_event(order, "confirmed"))
    eventually(lambda: world.states(order) == {("order_confirmed", "pending"): 1}, within=60)

    together(start, "worker", "beat")

    eventually(lambda: world.states(order) == {("order_confirmed", "sent"): 1}, within=60)
    assert len(world.mailbox.letters) == 1


def replay(world: World) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "notifications", "replay-dead-letters"],
        env={"PATH": os.environ["PATH"]} | world.environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    return done.stdout
