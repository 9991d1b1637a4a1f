"""Conversations, from both sides."""

from datetime import timedelta
from types import SimpleNamespace as Some
from typing import Any

from tests.look.goods import LONG, NOON, QUESTION, SAM, STELLA, card, form, surroundings

_SAM, _STELLA = "a-1", "a-2"


def message(seq: int, side: str, body: str, name: str | None = None) -> Some:
    return Some(
        seq=seq,
        client_message_id=f"c-{seq}",
        side=side,
        account_id=_SAM if side == "shopper" else _STELLA,
        author_name=name,
        body=body,
        created_at=NOON - timedelta(minutes=60 - seq),
    )


def talk(number: int, **other: Any) -> Some:
    plain = {
        "id": f"t-{number}",
        "url": f"/messages/t-{number}",
        "kind": "product",
        "title": card("CK-213").name,
        "subject_url": card("CK-213").url,
        "stall_name": "Camellia & Kettle",
        "shopper_name": "Sam Shopper",
        "other": "Camellia & Kettle",
        "side": "shopper",
        "last_seq": 44,
        "excerpt": "Yes: it keeps for a year in its tin, and for a month once that is open.",
        "unread": 0,
        "updated_at": NOON - timedelta(days=number),
        "name_of": lambda message: "Sam Shopper" if message.side == "shopper" else "Camellia & Kettle",
    }
    return Some(**(plain | other))


TALKED = [
    message(
        41, "shopper", "How long does it keep once the tin is open?\n\nAnd: is it roasted over wood?", "Sam"
    ),
    message(42, "seller", "About a month.", "Camellia & Kettle"),
    message(43, "seller", "Over charcoal, " + "very " * 30 + "slowly.", "Camellia & Kettle"),
    message(44, "shopper", "Thank you!", None),
]


def conversation(**other: Any) -> dict[str, Any]:
    plain = {
        "conversation": talk(0),
        "messages": TALKED,
        "account": _SAM,
        "older_url": "/messages/t-0?before=41",
        "newest": True,
        "form": QUESTION,
    }
    return surroundings("/messages/t-0", "Hōjicha", visitor=SAM) | plain | other


def inbox(*talks: Some, **other: Any) -> dict[str, Any]:
    plain = {"side": "all", "conversations": talks, "next_url": None}
    return surroundings("/messages", "Messages", visitor=SAM) | plain | other


_MANY = (
    talk(1, unread=3),
    talk(2, kind="order", title="Order 9F2C61A0", excerpt=""),
    talk(3, title=card(LONG).name, side="seller", other="A shopper", unread=12),
)
TALKS: list[tuple[str, str, dict[str, Any]]] = [
    ("inbox", "inbox.html", inbox(*_MANY, next_url="/messages?cursor=abc")),
    ("inbox-seller", "inbox.html", inbox(*_MANY, visitor=STELLA, side="seller")),
    ("inbox-empty", "inbox.html", inbox()),
    ("inbox-seller-empty", "inbox.html", inbox(visitor=STELLA, side="seller")),
    ("inbox-fragment", "_inbox.html", inbox(*_MANY)),
    ("conversation", "conversation.html", conversation()),
    ("conversation-silent", "conversation.html", conversation(messages=[], older_url=None)),
    ("conversation-older", "conversation.html", conversation(newest=False)),
    (
        "conversation-of-seller",
        "conversation.html",
        conversation(
            visitor=STELLA,
            account=_STELLA,
            conversation=talk(
                0, side="seller", kind="order", title="Order 9F2C61A0", other="Sam", subject_url=None
            ),
        ),
    ),
    (
        "conversation-wrong",
        "conversation.html",
        conversation(
            form=form(
                {"": "That was a lot at once. Please wait for 7 seconds, then send it again."},
                body="Once more",
                client_message_id="3b0c",
            )
        ),
    ),
]
