"""Shoppers and stalls talking in real browsers: by sockets, by polls where there are none, by forms alone."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Locator, WebSocket, WebSocketRoute, expect

from tests.e2e.pages.browser import Device
from tests.e2e.pages.conftest import OpenShop
from tests.e2e.pages.shop import Product, Shop
from tests.e2e.pages.test_accessibility import shows_well
from tests.kit.market import Shopper, demo_market, eventually, in_stock

SOCKET = re.compile("/api/chat/socket$")


def staff_of(product: Product) -> Shopper:
    email = f"{product['seller']['slug']}@bazaar.example"
    account = next(each for each in demo_market()["accounts"] if each["email"] == email)
    return Shopper(email, account["password"]).sign_in()


def ask(shop: Shop, product: Product, words: str) -> str:
    """From the product's page; gives the conversation's id."""
    shop.look_at(product)
    shop.page.get_by_text("Ask the stall").click()
    shop.page.get_by_label("Your question").fill(words)
    ask_button(shop).click()
    expect(shop.page).to_have_url(re.compile(r"/messages/[0-9a-f-]{36}(#say)?$"))
    expect(messages(shop).last).to_contain_text(words)
    return shop.page.url.partition("#")[0].rpartition("/")[2]


def ask_button(shop: Shop) -> Locator:
    # a basket has these letters too
    return shop.page.get_by_role("button", name="Ask", exact=True)


def say(shop: Shop, words: str) -> None:
    shop.page.get_by_label("Your message").fill(words)
    shop.button("Send").click()


def messages(shop: Shop) -> Locator:
    return shop.page.locator("#messages > li")


def bodies(shop: Shop) -> list[str]:
    return messages(shop).locator(".message-body").all_inner_texts()


def line_is(shop: Shop, state: str, *, within: float = 20) -> None:
    expect(shop.page.locator("html")).to_have_attribute("data-line", state, timeout=within * 1000)


def waiting_in(shop: Shop) -> Locator:
    return shop.page.locator("#unread-count")


def send_by_api(person: Shopper, conversation: str, *words: str) -> None:
    for body in words:
        message = {"client_message_id": str(uuid.uuid4()), "body": body}
        # chat takes twenty in ten seconds of one person
        eventually(lambda told=message: is_taken(person, conversation, told), within=20)


def is_taken(person: Shopper, conversation: str, message: dict[str, Any]) -> bool:
    answer = person.post(f"/api/chat/conversations/{conversation}/messages", json=message)
    assert answer.status_code in (201, 429), answer.text
    return answer.status_code == 201


@dataclass
class Lines:
    """The page's sockets, as they pass by: what is told can be held up, cut and added to."""

    open: list[tuple[WebSocketRoute, WebSocketRoute]] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)

    def of(self, shop: Shop) -> Lines:
        shop.page.route_web_socket(SOCKET, self._pass)
        return self

    def _pass(self, page: WebSocketRoute) -> None:
        server = page.connect_to_server()
        self.open.append((page, server))

        def keep(frame: str | bytes) -> None:
            self.sent.append(json.loads(frame))
            server.send(frame)

        page.on_message(keep)

    def tell(self, **frame: Any) -> None:
        self.open[-1][0].send(json.dumps(frame))

    @property
    def subscribed(self) -> int:
        return sum(each["type"] == "subscribe" for each in self.sent)

    def subscribes_again(self, shop: Shop, before: int) -> None:
        def again() -> bool:
            # the browser's events come while it is waited for
            shop.page.wait_for_timeout(200)
            return self.subscribed > before

        assert any(again() for _ in range(60))

    def cut(self) -> None:
        page, server = self.open[-1]
        server.close()
        page.close(code=1012)


@pytest.fixture
def product(market: dict[str, Any]) -> Product:
    """Whichever: what is said of it is each shopper's own."""
    return in_stock()[-1]


@pytest.fixture
def stall(open_shop: OpenShop, product: Product) -> Shop:
    return open_shop().sign_in(staff_of(product))


# --- asking and answering ---


def test_a_question_is_answered(any_shop: Shop, stall: Shop, member: Shopper, product: Product) -> None:
    shop = any_shop.sign_in(member)
    conversation = ask(shop, product, "Is it dishwasher-safe?")
    stall.open("/messages?side=seller")
    row = stall.page.locator(".talk-row").filter(has_text="dishwasher-safe")
    expect(row).to_contain_text(product["name"])
    row.get_by_role("link").click()
    expect(messages(stall).last).to_contain_text("Is it dishwasher-safe?")
    say(stall, "It is.\nBut it likes hands better.")

    if shop.scripts:
        expect(messages(shop).last).to_contain_text("It is.")
    else:
        shop.sees(messages(shop).filter(has_text="It is."))
    assert bodies(shop) == ["Is it dishwasher-safe?", "It is.\nBut it likes hands better."]
    expect(messages(shop).last).to_contain_text(product["seller"]["name"])
    say(shop, "Thank you!")
    expect(messages(shop).last).to_contain_text("Thank you!")
    history = member.get(f"/api/chat/conversations/{conversation}/messages").json()["items"]
    assert [message["seq"] for message in history] == [1, 2, 3]


def test_asking_again_goes_on_in_the_same_conversation(shop: Shop, member: Shopper, product: Product) -> None:
    shop.sign_in(member)
    first = ask(shop, product, "One thing:")
    assert ask(shop, product, "And another.") == first
    assert bodies(shop) == ["One thing:", "And another."]


def test_an_order_is_asked_about(any_shop: Shop, member: Shopper, product: Product) -> None:
    order = member.buy([(product, 1)])
    member.settled(order["id"])
    shop = any_shop.sign_in(member).open(f"/orders/{order['id']}")
    shop.page.get_by_text("Ask about this order").click()
    shop.page.get_by_label("Your question").fill("Could it be wrapped?")
    ask_button(shop).click()
    expect(shop.page.get_by_role("heading", level=1)).to_contain_text("Order")
    assert bodies(shop) == ["Could it be wrapped?"]
    shop.page.get_by_role("link", name="The order").click()
    assert shop.on_order_page() == order["id"]


def test_a_stall_is_not_asked_by_who_works_there(stall: Shop, product: Product) -> None:
    stall.look_at(product)
    stall.page.get_by_text("Ask the stall").click()
    stall.page.get_by_label("Your question").fill("Am I well?")
    stall.watch.provoked.add(409)
    ask_button(stall).click()
    expect(stall.page.get_by_role("alert")).to_contain_text("this is your own stall")
    expect(stall.page.get_by_label("Your question")).to_have_value("Am I well?")


def test_others_see_nothing_of_it(open_shop: OpenShop, member: Shopper, product: Product) -> None:
    conversation = ask(open_shop().sign_in(member), product, "Between us")
    other = open_shop().sign_in(Shopper.new())
    other.open(f"/messages/{conversation}", status=404)
    expect(other.page.get_by_role("main")).not_to_contain_text("Between us")


# --- live ---


@pytest.fixture
def talking(open_shop: OpenShop, member: Shopper, product: Product) -> tuple[Shop, str, Lines]:
    """A shopper in a conversation, whose sockets pass through the test's hands."""
    shop, lines = open_shop(), Lines()
    lines.of(shop)
    shop.sign_in(member)
    conversation = ask(shop, product, "Good day")
    line_is(shop, "live")
    return shop, conversation, lines


def test_both_see_that_the_other_is_there_and_writing(talking: tuple[Shop, str, Lines], stall: Shop) -> None:
    shop, conversation, _ = talking
    expect(shop.page.locator("#presence")).to_be_hidden()
    stall.open(f"/messages/{conversation}")
    expect(shop.page.locator("#presence")).to_be_visible()
    expect(shop.page.locator("#presence")).to_have_text("is here now")
    shop.page.get_by_label("Your message").press_sequentially("Hm")
    expect(stall.page.locator("#typing")).to_contain_text("is writing")
    say(shop, "Well …")
    expect(messages(stall).last).to_contain_text("Well …")
    expect(stall.page.locator("#typing")).to_be_hidden()


def test_what_came_while_the_line_was_cut_comes_once_and_in_order(
    talking: tuple[Shop, str, Lines], product: Product
) -> None:
    shop, conversation, lines = talking
    staff = staff_of(product)
    send_by_api(staff, conversation, "one")
    expect(messages(shop).last).to_contain_text("one")
    lines.cut()
    line_is(shop, "waiting")
    send_by_api(staff, conversation, "two", "three")
    line_is(shop, "live")
    send_by_api(staff, conversation, "four")
    expect(messages(shop).last).to_contain_text("four")
    assert bodies(shop) == ["Good day", "one", "two", "three", "four"]


def test_what_is_written_while_the_line_is_cut_is_sent_once(
    talking: tuple[Shop, str, Lines], member: Shopper
) -> None:
    shop, conversation, lines = talking
    lines.cut()
    line_is(shop, "waiting")
    say(shop, "through the gap")
    line_is(shop, "live")
    expect(messages(shop).last).to_have_attribute("data-seq", "2")
    expect(shop.page.locator(".message.sending, .message.failed")).to_have_count(0)
    history = member.get(f"/api/chat/conversations/{conversation}/messages").json()["items"]
    assert [message["body"] for message in history] == ["Good day", "through the gap"]


@pytest.mark.parametrize("frame", [{"type": "expiring", "seconds": 5}, {"type": "reconnect", "after_ms": 50}])
def test_a_line_that_is_about_to_end_is_replaced_before_it_does(
    talking: tuple[Shop, str, Lines], product: Product, frame: dict[str, Any]
) -> None:
    shop, conversation, lines = talking
    states: list[str] = []

    def keep(state: str) -> None:
        states.append(state)

    shop.page.expose_function("sawState", keep)
    shop.page.evaluate("""() => new MutationObserver(() => sawState(document.documentElement.dataset.line))
      .observe(document.documentElement, { attributeFilter: ["data-line"] })""")
    answers: list[int] = []
    shop.page.on(
        "response", lambda answer: answers.append(answer.status) if answer.url.endswith("/session") else None
    )
    subscribed = lines.subscribed

    lines.tell(**frame)

    lines.subscribes_again(shop, subscribed)
    send_by_api(staff_of(product), conversation, "over the new line")
    expect(messages(shop).last).to_contain_text("over the new line")
    assert len(lines.open) == 2
    # it never was without one
    assert states == []
    assert answers == ([204] if frame["type"] == "expiring" else [])


def test_what_chat_could_not_look_at_is_asked_for_again(talking: tuple[Shop, str, Lines]) -> None:
    shop, conversation, lines = talking
    subscribed = lines.subscribed
    lines.tell(type="error", problem={"status": 503}, ref=None, conversation=conversation, order=None)
    lines.subscribes_again(shop, subscribed)
    line_is(shop, "live")
    assert len(lines.open) == 1


def test_without_sockets_it_is_polled_and_written_by_the_form(
    open_shop: OpenShop, member: Shopper, product: Product
) -> None:
    shop = open_shop()
    shop.page.route_web_socket(SOCKET, lambda page: page.close(code=1011))
    shop.sign_in(member)
    conversation = ask(shop, product, "Good day")
    line_is(shop, "polling")
    send_by_api(staff_of(product), conversation, "one", "two")
    expect(messages(shop).last).to_contain_text("two")
    say(shop, "three")
    expect(messages(shop).last).to_have_attribute("data-seq", "4")
    assert bodies(shop) == ["Good day", "one", "two", "three"]
    expect(shop.page.locator(".message.sending, .message.failed")).to_have_count(0)


def test_a_page_that_is_left_while_its_line_opens_is_quiet(shop: Shop, member: Shopper) -> None:
    """No complaint in the console (the fixture sees to it), and no line left behind."""
    shop.sign_in(member)
    lines: list[WebSocket] = []

    def keep(line: WebSocket) -> None:
        lines.append(line)

    shop.page.on("websocket", keep)
    # its modules have run by then, and nothing has been answered yet
    leaves = "dispatchEvent(new PageTransitionEvent('pagehide'))"
    shop.page.add_init_script(f"addEventListener('DOMContentLoaded', () => {leaves})")
    shop.open("/messages")

    def closed() -> bool:
        # the browser's events come while it is waited for
        shop.page.wait_for_timeout(100)
        return [line.is_closed() for line in lines] == [True]

    assert any(closed() for _ in range(100))
    shop.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    line_is(shop, "live")


def test_what_waits_is_counted_in_the_head_and_the_inbox(
    open_shop: OpenShop, member: Shopper, product: Product
) -> None:
    shop = open_shop().sign_in(member)
    conversation = ask(shop, product, "Good day")
    shop.open("/messages")
    line_is(shop, "live")
    expect(waiting_in(shop)).to_be_empty()
    send_by_api(staff_of(product), conversation, "one", "two")
    expect(waiting_in(shop)).to_have_text("2 unread")
    row = shop.page.locator(".talk-row").filter(has_text=product["name"])
    expect(row.locator(".count")).to_have_text("2 unread")
    expect(row).to_contain_text("two")
    row.get_by_role("link").click()
    expect(messages(shop).last).to_contain_text("two")
    expect(waiting_in(shop)).to_be_empty()


def test_older_messages_are_fetched_when_they_are_asked_for(
    any_shop: Shop, member: Shopper, product: Product
) -> None:
    shop = any_shop.sign_in(member)
    conversation = ask(shop, product, "line 1")
    for person, numbers in ((member, range(2, 21)), (staff_of(product), range(21, 44))):
        send_by_api(person, conversation, *(f"line {number}" for number in numbers))
    shop.open(f"/messages/{conversation}")
    assert bodies(shop)[0] == "line 4"
    shop.page.get_by_role("link", name="Older messages").click()
    expect(shop.page.get_by_text("line 1", exact=True)).to_be_visible()
    if shop.scripts:
        assert shop.page.locator("#earlier > li").count() == 3
        assert bodies(shop)[-1] == "line 43"
    expect(shop.page.get_by_role("link", name="Older messages")).to_have_count(0)


# --- orders ---


def test_an_order_that_is_taken_back_elsewhere_changes_on_its_page(
    shop: Shop, member: Shopper, product: Product
) -> None:
    order = member.buy([(product, 1)])
    member.settled(order["id"])
    shop.sign_in(member).open(f"/orders/{order['id']}")
    line_is(shop, "live")
    shop.page.evaluate("window.neverLoadedAgain = true")
    assert member.post(f"/api/orders/{order['id']}/cancel").status_code in (200, 202)
    expect(shop.verdict).to_have_text("Refunded", timeout=40_000)
    assert shop.page.evaluate("window.neverLoadedAgain") is True


def test_the_baskets_number_leaves_with_what_was_bought(
    shop: Shop, member: Shopper, product: Product
) -> None:
    shop.sign_in(member).add(product, 2).check_out().fill_order("tok_late").buy()
    count = shop.page.locator("#basket-count")
    expect(count).to_contain_text("2")
    shop.ends_as("Confirmed")
    expect(count).to_be_empty()


# --- for everybody ---


def test_the_pages_of_messages_are_for_everybody(
    open_shop: OpenShop, device: Device, member: Shopper, product: Product
) -> None:
    shop = open_shop(device).sign_in(member).open("/messages")
    shows_well(shop, "inbox-empty")
    conversation = ask(
        shop, product, "Good day, and a question that takes more than a line on a phone’s screen."
    )
    send_by_api(staff_of(product), conversation, "Good day!")
    expect(messages(shop).last).to_contain_text("Good day!")
    shows_well(shop, "conversation")
    shop.open("/messages")
    shows_well(shop, "inbox")
    shop.look_at(product).page.get_by_text("Ask the stall").click()
    shows_well(shop, "product-ask")
