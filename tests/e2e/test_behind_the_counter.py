"""Beside the request, through the gateway: mails, chat over two replicas, clicks that become a trend."""

from __future__ import annotations

import uuid
from html import unescape
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.kit.beside import Socket, attachment, click, mails, tell_clicks
from tests.kit.market import GATEWAY, Shopper, demo_market, eventually

Product = dict[str, Any]


@pytest.fixture(scope="module")
def stall(goods: list[Product]) -> Shopper:
    """Who works in the stall of the first product."""
    email = f"{goods[0]['seller']['slug']}@bazaar.example"
    account = next(each for each in demo_market()["accounts"] if each["email"] == email)
    return Shopper(email, account["password"]).sign_in()


def conversation(shopper: Shopper, product: Product) -> dict[str, Any]:
    about = {"subject": {"kind": "product", "id": product["id"]}}
    answer = shopper.post("/api/chat/conversations", json=about)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


# --- mails ----------------------------------------------------------------------------------------


def test_a_purchase_brings_one_mail_with_its_invoice(shopper: Shopper, goods: list[Product]) -> None:
    order = shopper.buy([(goods[0], 2)])
    shopper.settled(order["id"])

    cause = f"order:{order['id']}"
    (mail,) = eventually(lambda: mails(cause, "order_confirmed"), within=60, every=0.5, what="the mail")

    assert [each["address"] for each in mail["to"]] == [shopper.email]
    assert goods[0]["name"] in mail["text"]
    assert goods[0]["name"] in unescape(mail["html"])
    assert attachment(mail, "application/pdf").startswith(b"%PDF-")
    assert "http://" not in mail["html"].replace(GATEWAY, ""), "a mail loads nothing from elsewhere"


def test_a_declined_card_is_told_and_nobody_is_told_of_a_purchase(
    shopper: Shopper, goods: list[Product]
) -> None:
    order = shopper.buy([(goods[1], 1)], token="tok_decline")
    assert shopper.settled(order["id"])["status"] == "cancelled"

    cause = f"order:{order['id']}"
    eventually(lambda: mails(cause, "order_cancelled"), within=60, every=0.5, what="the mail")

    assert [mail["headers"]["x-bazaar-template"] for mail in mails(cause)] == ["order_cancelled"]


# --- chat -----------------------------------------------------------------------------------------


def test_both_sides_are_told_at_once_whatever_replica_they_are_at(
    shopper: Shopper, stall: Shopper, goods: list[Product]
) -> None:
    talk = conversation(shopper, goods[0])
    sockets = [Socket.of(stall) for _ in range(4)]
    try:
        assert len({socket.hello["replica"] for socket in sockets}) == 2, "the gateway uses both replicas"
        for socket in sockets:
            socket.say("subscribe", conversation=talk["id"], after=talk["last_seq"])
            socket.hear("subscribed")
        with Socket.of(shopper) as asking:
            client_id = str(uuid.uuid4())
            for _ in range(2):  # as after a lost answer
                asking.say("send", conversation=talk["id"], client_message_id=client_id, body="Is it fresh?")
            sent = [asking.hear("sent")["seq"] for _ in range(2)]
            assert sent == [talk["last_seq"] + 1] * 2
        told = [socket.hear("message") for socket in sockets]
        assert [each["seq"] for each in told] == [sent[0]] * 4
        assert {each["message"]["client_message_id"] for each in told} == {client_id}
    finally:
        for socket in sockets:
            socket.close()
    history = stall.get(f"/api/chat/conversations/{talk['id']}/messages", params={"after": 0}).json()
    assert [each["seq"] for each in history["items"]] == list(range(1, talk["last_seq"] + 2))


def test_who_comes_back_gets_what_was_missed_once_and_in_order(
    shopper: Shopper, stall: Shopper, goods: list[Product]
) -> None:
    talk = conversation(shopper, goods[1])
    path = f"/api/chat/conversations/{talk['id']}/messages"
    bodies = [f"line {number}" for number in range(5)]
    for body in bodies:
        message = {"client_message_id": str(uuid.uuid4()), "body": body}
        assert shopper.post(path, json=message).status_code == 201
    other = Shopper(f"{goods[1]['seller']['slug']}@bazaar.example", stall.password).sign_in()

    with Socket.of(other) as socket:
        socket.say("subscribe", conversation=talk["id"], after=talk["last_seq"] + 2)
        missed = [socket.hear("message")["message"]["body"] for _ in range(3)]

    assert missed == bodies[2:]


def test_strangers_get_no_socket_and_no_conversation(shopper: Shopper, goods: list[Product]) -> None:
    talk = conversation(shopper, goods[0])
    with pytest.raises(InvalidStatus) as refused:
        Socket.of(Shopper("nobody", ""))
    assert refused.value.response.status_code == 401
    # another site's page has the visitor's cookie, and not the visitor's origin
    with pytest.raises(InvalidStatus) as refused:
        Socket.of(shopper, Origin="https://evil.example", Cookie=f"bazaar_access={shopper.token}")
    assert refused.value.response.status_code == 403
    assert Shopper.new().get(f"/api/chat/conversations/{talk['id']}").status_code == 404


def test_an_order_is_followed_live_by_its_owner_alone(shopper: Shopper, goods: list[Product]) -> None:
    with Socket.of(shopper) as socket:
        order = shopper.buy([(goods[2], 1)])
        socket.say("track", order=order["id"], after=0)
        seen: list[dict[str, Any]] = []
        while not seen or seen[-1]["status"] != "confirmed":
            seen.append(socket.hear("order", within=60)["event"])
    versions = [each["version"] for each in seen]
    assert versions == sorted(set(versions))
    assert seen[0]["status"] == "pending"
    assert Shopper.new().get(f"/api/chat/orders/{order['id']}/events").status_code == 404


# --- clicks and insights --------------------------------------------------------------------------


def score(product: Product) -> int:
    found = httpx.get(f"{GATEWAY}/api/insights/trending", params={"limit": 50}, timeout=15).json()["items"]
    return next((each["score"] for each in found if each["product_id"] == product["id"]), 0)


def test_clicks_change_what_trends_each_once(goods: list[Product]) -> None:
    product = goods[7]
    before = score(product)
    taken = click("add", product_id=product["id"], quantity=1)
    session = str(uuid.uuid4())

    assert tell_clicks(taken, session=session).status_code == 202
    assert tell_clicks(taken, session=session).status_code == 202, "a page that got no answer tells it again"
    seen = click("view", product_id=product["id"])
    assert tell_clicks(seen, session=session).json() == {"accepted": 1}

    eventually(lambda: score(product) == before + 4, within=60, every=0.5, what="one view and one add, 1 + 3")


def test_who_wants_not_to_be_counted_is_not(goods: list[Product]) -> None:
    seen = click("view", product_id=goods[0]["id"])
    assert tell_clicks(seen, DNT="1").status_code == 204
    assert tell_clicks(seen, **{"Sec-GPC": "1"}).status_code == 204
    assert tell_clicks(seen, **{"User-Agent": "Googlebot/2.1"}).status_code == 204


def test_a_bad_click_is_named_and_none_of_its_batch_is_taken(goods: list[Product]) -> None:
    answer = tell_clicks(click("view", product_id=goods[0]["id"]), click("buy"))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "1" in answer.text
    assert "order_id" in answer.text


def test_a_stall_sees_its_own_revenue_and_nobody_elses(
    shopper: Shopper, stall: Shopper, operator: Shopper, goods: list[Product]
) -> None:
    seller = goods[0]["seller"]["id"]
    path = f"/api/insights/sellers/{seller}/revenue"
    before = stall.get(path).json()["total"]
    order = shopper.buy([(goods[0], 1)])
    shopper.settled(order["id"])
    due = {
        "orders": before["orders"] + 1,
        "revenue_minor": before["revenue_minor"] + goods[0]["price_minor"],
    }

    eventually(lambda: stall.get(path).json()["total"] == due, within=60, every=0.5, what=f"{due}")

    assert operator.get(path).json()["total"] == due
    assert shopper.get(path).status_code == 404
    other = next(each["seller"] for each in goods if each["seller"]["id"] != seller)
    assert stall.get(f"/api/insights/sellers/{other['id']}/revenue").status_code == 404
    assert stall.get("/api/insights/alerts").status_code == 403
    assert {each["step"] for each in operator.get("/api/insights/funnel").json()["steps"]} >= {"view", "buy"}
