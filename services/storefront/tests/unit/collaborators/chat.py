"""chat: conversations with one stall, kept in memory. Sockets are the real one's: tests/e2e."""

from typing import Any
from uuid import uuid4

from tests.unit.collaborators.goods import STALL
from tests.unit.collaborators.market import (
    Answer,
    Collaborators,
    Request,
    listed,
    refusal,
    route,
    unknown,
)

_SELLER = {name: STALL[name] for name in ("id", "slug", "name")}
_NOON = "2026-11-01T12:00:00Z"


def talk(
    market: Collaborators, subject: dict[str, str], side: str = "shopper", **changes: Any
) -> dict[str, Any]:
    """A conversation in which nothing was said yet."""
    found = {
        "id": str(uuid4()),
        "subject": {"title": "Teapot" if subject["kind"] == "product" else None, **subject},
        "seller": _SELLER,
        "shopper": {"id": market.subject, "name": "Ada"},
        "side": side,
        "last_seq": 0,
        "last_message": None,
        "unread": 0,
        "read_seq": 0,
        "created_at": _NOON,
        "updated_at": _NOON,
    } | changes
    market.talks[found["id"]] = found
    market.said[found["id"]] = []
    return found


def say(
    market: Collaborators, talk_id: str, body: str, side: str = "seller", client_id: str = ""
) -> dict[str, Any]:
    said, found = market.said[talk_id], market.talks[talk_id]
    message = {
        "id": str(uuid4()),
        "conversation_id": talk_id,
        "seq": len(said) + 1,
        "client_message_id": client_id or str(uuid4()),
        "author": {
            "side": side,
            "account_id": market.subject if side == found["side"] else str(uuid4()),
            "name": STALL["name"] if side == "seller" else "Ada",
        },
        "body": body,
        "created_at": _NOON,
    }
    said.append(message)
    found |= {"last_seq": message["seq"], "last_message": message}
    if side != found["side"]:
        found["unread"] += 1
    return message


def _own(market: Collaborators, request: Request) -> Answer | None:
    if request.token is None:
        return unknown()
    return None if request.names["conversation_id"] in market.talks else refusal("not-found")


@route("GET", "/api/chat/unread")
def unread(market: Collaborators, request: Request) -> Answer:
    if request.token is None:
        return unknown()
    return Answer(200, {"total": sum(each["unread"] for each in market.talks.values())})


@route("GET", "/api/chat/conversations")
def conversations(market: Collaborators, request: Request) -> Answer:
    if request.token is None:
        return unknown()
    if request.query.get("cursor") == "broken":
        return refusal("invalid-cursor")
    side = request.query["side"]
    found = [each for each in market.talks.values() if side in ("all", each["side"])]
    return listed(found, "more" if len(found) > 1 and "cursor" not in request.query else None)


@route("POST", "/api/chat/conversations")
def begin(market: Collaborators, request: Request) -> Answer:
    subject = request.body["subject"]
    known = [each for each in market.talks.values() if each["subject"]["id"] == subject["id"]]
    return Answer(200, known[0]) if known else Answer(201, talk(market, subject))


@route("GET", "/api/chat/conversations/{conversation_id}")
def conversation(market: Collaborators, request: Request) -> Answer:
    return _own(market, request) or Answer(200, market.talks[request.names["conversation_id"]])


@route("GET", "/api/chat/conversations/{conversation_id}/messages")
def messages(market: Collaborators, request: Request) -> Answer:
    if refused := _own(market, request):
        return refused
    before, limit = int(request.query["before"]), int(request.query["limit"])
    earlier = [each for each in market.said[request.names["conversation_id"]] if each["seq"] < before]
    return listed(earlier[-limit:])


@route("POST", "/api/chat/conversations/{conversation_id}/messages")
def send(market: Collaborators, request: Request) -> Answer:
    if refused := _own(market, request):
        return refused
    talk_id, client_id = request.names["conversation_id"], request.body["client_message_id"]
    for each in market.said[talk_id]:
        if each["client_message_id"] == client_id:
            return Answer(200, each) if each["body"] == request.body["body"] else refusal("conflict")
    return Answer(201, say(market, talk_id, request.body["body"], market.talks[talk_id]["side"], client_id))


@route("PUT", "/api/chat/conversations/{conversation_id}/read")
def read(market: Collaborators, request: Request) -> Answer:
    if refused := _own(market, request):
        return refused
    market.talks[request.names["conversation_id"]] |= {"unread": 0, "read_seq": request.body["seq"]}
    return Answer(200, {"unread": 0})
