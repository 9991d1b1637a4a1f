"""The demo's acts beside the request: the mail, the stall's answer, what trends, what the stall earned."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from tools.shopper import AwayError, DemoError, Json, Person, wait_until
from tools.story import NEWS, Cast, expect
from tools.telling import money

MAIL = 60.0
TREND = 60.0
ANSWER = 15.0
QUESTION = "Is it from this year?"
REPLY = "From this spring; we opened the first case on Monday."


def mail_came(cast: Cast) -> None:
    cast.tell.act("A mail comes, with an invoice")
    order_id = cast.bought["id"]
    cast.tell.say("orders' event → Kafka → one intent in notifications' books → Celery → SMTP")
    mail = wait_until("that the mail about the order comes", lambda: mail_about(cast, order_id), within=MAIL)
    cast.tell.good(f"“{mail['subject']}” to {mail['to'][0]['address']}, Message-ID {message_id(mail)}")
    papers = [each for each in mail.get("attachments") or () if each["contentType"] == "application/pdf"]
    expect(len(papers) == 1, f"the mail has {len(papers)} invoices")
    size = f"{papers[0]['length'] / 1024:.0f} KiB" if papers[0].get("length") else "PDF"
    cast.tell.good(f"{papers[0]['fileName']}, {size}; all mails stand at {cast.mail}/")


def mail_about(cast: Cast, order_id: str) -> Json | None:
    """The one that says the order is confirmed. There must be no second one."""
    found = [
        mail
        for mail in mails(cast.mail, f"order:{order_id}")
        if mail["headers"].get("x-bazaar-template") == "order_confirmed"
    ]
    expect(len({message_id(mail) for mail in found}) < 2, f"{len(found)} mails say the same of {order_id}")
    return found[0] if found else None


def mails(address: str, cause: str) -> list[Json]:
    try:
        query = {"headers.x-bazaar-cause": cause}
        caught: list[Json] = httpx.get(f"{address}/email", params=query, timeout=10).raise_for_status().json()
    except httpx.HTTPError as error:
        raise AwayError(
            f"the mail catcher does not answer: {error!r}", "make status; make logs S=mail"
        ) from error
    return caught


def message_id(mail: Json) -> str:
    return str(mail["headers"]["message-id"]).strip("<>")


def ask_the_stall(cast: Cast) -> None:
    cast.tell.act("The shopper asks the stall, which answers")
    product = cast.shopper.product(cast.wanted[0][0]["id"])
    seller = f"{product['seller']['slug']}@bazaar.example"
    about = {"kind": "product", "id": product["id"]}
    talk = cast.shopper.ask("POST", "/api/chat/conversations", json={"subject": about})
    stall = Person(cast.seller.http)
    stall.sign_in(seller, cast.password)
    cast.tell.say(
        "POST /api/chat/conversations at chat · Tornado, two replicas; the stall's page has a WebSocket"
    )
    with socket_of(stall) as socket:
        after = int(talk["last_seq"])
        say(socket, {"type": "subscribe", "conversation": talk["id"], "after": after})
        hear(socket, "subscribed")
        body = {"client_message_id": str(uuid.uuid4()), "body": QUESTION}
        path = f"/api/chat/conversations/{talk['id']}/messages"
        asked = cast.shopper.ask("POST", path, json=body)
        again = cast.shopper.ask("POST", path, json=body)
        expect(again["seq"] == asked["seq"], "a message that was sent again was stored twice")
        pushed = hear(socket, "message")["message"]
        expect(pushed["id"] == asked["id"], f"the stall was told message {pushed['id']}")
        cast.tell.good(
            f"{product['seller']['name']} is told at once: “{pushed['body']}” (sent twice, told once)"
        )
        say(
            socket,
            {
                "type": "send",
                "conversation": talk["id"],
                "client_message_id": str(uuid.uuid4()),
                "body": REPLY,
            },
        )
        hear(socket, "sent")
    told = cast.shopper.ask(
        "GET", f"/api/chat/conversations/{talk['id']}/updates", params={"after": asked["seq"], "wait": 10}
    )
    answers = [message["body"] for message in told["items"]]
    expect(answers == [REPLY], f"the shopper is told {answers}")
    cast.tell.good(f"and the shopper, who has no socket, by a long poll: “{answers[0]}”")
    unread = cast.shopper.ask("GET", "/api/chat/unread")["total"]
    cast.tell.good(
        f"{unread} unread; who reconnects names the last message seen, and gets the rest, each once"
    )


@contextmanager
def socket_of(person: Person) -> Iterator[ClientConnection]:
    base = urlsplit(str(person.http.base_url))
    opening = connect(
        f"ws://{base.netloc}/api/chat/socket",
        additional_headers={"Authorization": f"Bearer {person.token}"},
        open_timeout=ANSWER,
        proxy=None,
    )
    with ExitStack() as stack:
        try:
            socket = stack.enter_context(opening)
        except (OSError, WebSocketException) as error:
            advice = "make status; make logs S=chat"
            raise AwayError(f"chat's socket cannot be opened: {error!r}", advice) from error
        yield socket


def say(socket: ClientConnection, frame: Json) -> None:
    socket.send(json.dumps(frame))


def hear(socket: ClientConnection, kind: str) -> Json:
    """The next frame of that kind; typing, presence and the like are passed over."""
    try:
        while True:
            frame: Json = json.loads(socket.recv(timeout=ANSWER))
            if frame["type"] == "error":
                raise DemoError(f"chat refused: {frame['problem']}", "make logs S=chat")
            if frame["type"] == kind:
                return frame
    except (TimeoutError, WebSocketException) as error:
        raise AwayError(f"chat said no {kind} in {ANSWER:.0f} s", "make logs S=chat") from error


def trend(cast: Cast) -> None:
    cast.tell.act("What visitors look at begins to trend")
    product = cast.wanted[0][0]
    before = score(cast, product["id"])
    told = sum(tell_clicks(cast, product["id"]) for _ in range(3))
    cast.tell.say("POST /api/clickstream at clickstream · Falcon: 202 once Kafka has them → insights · Faust")
    cast.tell.good(
        f"three visitors looked at {product['name']} and put it into their baskets: {told} clicks accepted"
    )

    def risen() -> int | None:
        return now if (now := score(cast, product["id"])) > before else None

    after = wait_until("that the clicks change what trends", risen, within=TREND)
    cast.tell.good(f"its score in the last minutes went from {before} to {after}")
    rows: list[tuple[str, ...]] = [
        ("", name_of(cast, each["product_id"]), str(each["views"]), str(each["adds"]), str(each["score"]))
        for each in trending(cast)[:5]
    ]
    cast.tell.table(("", "trending now", "views", "adds", "score"), rows)


def tell_clicks(cast: Cast, product_id: str) -> int:
    """One visitor's, as the pages send them."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    page = f"/products/{product_id}"
    seen: Json = {"id": str(uuid.uuid4()), "kind": "view", "at": now, "product_id": product_id, "page": page}
    taken: Json = {"id": str(uuid.uuid4()), "kind": "add", "at": now, "product_id": product_id, "quantity": 1}
    body = {"session_id": str(uuid.uuid4()), "events": [seen, taken]}
    # as a browser: programs that say what they are count as bots
    headers = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
    return int(
        Person(cast.seller.http).ask("POST", "/api/clickstream", json=body, headers=headers)["accepted"]
    )


def trending(cast: Cast) -> list[Json]:
    items: list[Json] = cast.shopper.ask("GET", "/api/insights/trending", params={"limit": 50})["items"]
    return items


def score(cast: Cast, product_id: str) -> int:
    return next((int(each["score"]) for each in trending(cast) if each["product_id"] == product_id), 0)


def name_of(cast: Cast, product_id: str) -> str:
    return str(cast.shopper.product(product_id)["name"])


def earned(cast: Cast) -> None:
    cast.tell.act("The stall sees what it earned, minute by minute")
    product = cast.shopper.product(cast.wanted[0][0]["id"])
    slug, seller_id = product["seller"]["slug"], product["seller"]["id"]
    stall = Person(cast.seller.http)
    stall.sign_in(f"{slug}@bazaar.example", cast.password)
    own = [line for line in cast.bought["lines"] if line["seller_id"] == seller_id]
    due = sum(line["line_total_minor"] for line in own)

    def counted() -> Json | None:
        revenue = stall.ask("GET", f"/api/insights/sellers/{seller_id}/revenue", params={"minutes": 15})
        return revenue if revenue["total"]["revenue_minor"] >= due and busy(revenue) else None

    revenue = wait_until("that insights counts the order", counted, within=NEWS)
    cast.tell.say(f"GET /api/insights/sellers/{slug}…/revenue at insights: only who works there may see it")
    cast.tell.table(
        ("", "minute", "orders", "amount"),
        [
            (
                "",
                each["minute"][11:16],
                str(each["orders"]),
                money(each["revenue_minor"], revenue["currency"]),
            )
            for each in busy(revenue)[-5:]
        ],
    )
    refused = cast.shopper.send("GET", f"/api/insights/sellers/{seller_id}/revenue")
    expect(refused.status_code == 404, f"the shopper asks for it and gets {refused.status_code}")
    cast.tell.good(f"all in all {money(revenue['total']['revenue_minor'])}; the shopper asks for it: 404")


def busy(revenue: Json) -> list[Any]:
    return [each for each in revenue["minutes"] if each["orders"]]
