"""The OpenAPI document: said operation by operation, its schemas and parameters by msgspec from the shapes
that are really read and written. A test holds it to the routes.
"""

from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from bazaar_shared.problems import CONTENT_TYPE
from chat import shapes
from chat.conversations.opening import NewConversation
from chat.live import frames
from chat.web.base import BaseHandler
from chat.web.conversations import PREFIX, ConversationsQuery, MarkRead
from chat.web.messages import MessagesQuery, NewMessage
from chat.web.updates import OrderEventsQuery, UpdatesQuery

_SCHEMAS = "#/components/schemas/"
_JSON = "application/json"
_DESCRIPTION = (
    "Conversations of shoppers and stalls, and live orders. Messages of a conversation are numbered from 1 "
    "on without a gap; what is pushed and what is read are the same. With the storefront's cookie instead "
    "of a bearer token, what changes something needs `X-XSRFToken` with the `_xsrf` cookie's value."
)
_SOCKET = (
    "A WebSocket of JSON text frames. The token comes as a bearer token, as the subprotocol `bearer.<token>` "
    "beside `bazaar.v1`, or by the storefront's cookie from a page of the same origin. Closed from here with "
    "1001 (going down), 1009 (frame too large), 4001 (token ended), 4002 (session ended), 4003 (too slow), "
    "4008 (too many frames), 4400 (no frame of this protocol)."
)


class FieldError(Struct):
    field: str
    code: str
    message: str


class Problem(Struct):
    """Problem details (RFC 9457); a problem's own members come beside these."""

    type: str
    title: str
    status: int
    trace_id: Annotated[str | None, Meta(description="Also in `X-Trace-Id`")]
    detail: str | None = None
    errors: list[FieldError] | None = None


_CLIENT = (
    frames.Subscribe, frames.Unsubscribe, frames.Track, frames.Send, frames.Read, frames.Typing,
    frames.Renew, frames.Ping,
)  # fmt: skip
_SERVER = (
    frames.Hello, frames.Subscribed, frames.MessageOut, frames.Sent, frames.TypingOut, frames.PresenceOut,
    frames.UnreadOut, frames.OrderOut, frames.Expiring, frames.Renewed, frames.Reconnect, frames.Pong,
    frames.Error,
)  # fmt: skip
_GIVEN = (
    shapes.Conversation, shapes.ConversationPage, shapes.Message, shapes.MessagePage, shapes.MessageUpdates,
    shapes.OrderEventPage, shapes.OrderUpdates, shapes.Unread, shapes.UnreadTotal, Problem,
)  # fmt: skip
_TAKEN = (NewConversation, NewMessage, MarkRead)


class DocumentHandler(BaseHandler):
    def get(self) -> None:
        self.set_header("Cache-Control", "public, max-age=60")
        self.answer(document())


@cache
def document() -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components(
        [*_GIVEN, *_TAKEN, *_CLIENT, *_SERVER], ref_template=_SCHEMAS + "{name}"
    )
    cookie = {"type": "apiKey", "in": "cookie", "name": "bazaar_access", "description": "The storefront's"}
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Bazaar chat", "version": "1", "description": _DESCRIPTION},
        "paths": {f"{PREFIX}{path}": operations for path, operations in _paths().items()},
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}, "page": cookie},
        },
    }
    return found


def _paths() -> dict[str, Any]:
    one = "/conversations/{conversation_id}"
    conversation, order = (
        {"parameters": [_in_path("conversation_id")]},
        {"parameters": [_in_path("order_id")]},
    )
    return {
        "/conversations": {
            "post": _operation(
                "openConversation", "Begin to talk about a product or an order",
                {200: shapes.Conversation, 201: shapes.Conversation}, (400, 404, 409, 413, 415, 422),
                body=NewConversation, headers=("Location",),
                description="200: this shopper has one already, with this stall about this.",
            ),
            "get": _operation(
                "listConversations", "One's own and one's stalls', newest activity first",
                {200: shapes.ConversationPage}, (400, 422), query=ConversationsQuery,
            ),
        },
        one: conversation | {
            "get": _operation("getConversation", "A conversation", {200: shapes.Conversation}, (404,))
        },
        f"{one}/messages": conversation | {
            "get": _operation(
                "listMessages", "Messages, ascending by seq", {200: shapes.MessagePage}, (400, 404, 422),
                query=MessagesQuery,
                description="After a seq, or the newest before one; without either the newest of all.",
            ),
            "post": _operation(
                "writeMessage", "Write a message", {200: shapes.Message, 201: shapes.Message},
                (400, 404, 409, 413, 415, 422, 429), body=NewMessage,
                description="Stored once for each `client_message_id`: sent again, 200 with the same. "
                "At most 20 in 10 s for an account.",
            ),
        },
        f"{one}/read": conversation | {
            "put": _operation(
                "markRead", "Read up to a seq", {200: shapes.Unread}, (400, 404, 413, 415, 422), body=MarkRead
            )
        },
        f"{one}/updates": conversation | {
            "get": _operation(
                "awaitMessages", "Messages after a seq, waited for", {200: shapes.MessageUpdates},
                (400, 404, 422), query=UpdatesQuery,
            )
        },
        "/orders/{order_id}/events": order | {
            "get": _operation(
                "listOrderEvents", "What is known of one's order", {200: shapes.OrderEventPage},
                (400, 404, 422), query=OrderEventsQuery,
            )
        },
        "/orders/{order_id}/updates": order | {
            "get": _operation(
                "awaitOrderEvents", "An order's events after a version, waited for",
                {200: shapes.OrderUpdates}, (400, 404, 422), query=UpdatesQuery,
            )
        },
        "/unread": {
            "get": _operation("getUnread", "How much is unread of all", {200: shapes.UnreadTotal}, ())
        },
        "/socket": {"get": _socket()},
    }  # fmt: skip


def _socket() -> dict[str, Any]:
    operation = _operation("openSocket", "All that comes, as it comes", {}, (400, 426), description=_SOCKET)
    operation["responses"]["101"] = {"description": HTTPStatus.SWITCHING_PROTOCOLS.phrase}
    operation["x-websocket"] = {
        "subprotocol": "bazaar.v1",
        "client": [_ref(frame) for frame in _CLIENT],
        "server": [_ref(frame) for frame in _SERVER],
    }
    return operation


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}


def _in_query(query: type[Struct]) -> list[dict[str, Any]]:
    properties = msgspec.json.schema(query)["$defs"][query.__name__]["properties"]
    return [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in properties.items()
    ]


def _operation(
    operation_id: str,
    summary: str,
    answers: dict[int, type[Struct]],
    problems: Iterable[int],
    *,
    body: type[Struct] | None = None,
    query: type[Struct] | None = None,
    headers: Iterable[str] = (),
    description: str | None = None,
) -> dict[str, Any]:
    told = {name: {"schema": {"type": "string"}} for name in headers}
    responses = {str(status): _answer(status, _JSON, shape) for status, shape in answers.items()}
    for answer in responses.values():
        answer.update({"headers": told} if told else {})
    # everywhere: a token that is not good or no person's, a server that is away
    for status in sorted({*problems, 401, 403, 503}):
        responses[str(status)] = _answer(status, CONTENT_TYPE, Problem)
    operation: dict[str, Any] = {
        "operationId": operation_id,
        "summary": summary,
        "tags": ["chat"],
        "security": [{"bearer": []}, {"page": []}],
        "responses": responses,
    }
    if description:
        operation["description"] = description
    if query is not None:
        operation["parameters"] = _in_query(query)
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": _ref(body)}}}
    return operation


def _answer(status: int, kind: str, shape: type[Struct]) -> dict[str, Any]:
    return {"description": HTTPStatus(status).phrase, "content": {kind: {"schema": _ref(shape)}}}


def _ref(shape: type[Struct]) -> dict[str, str]:
    return {"$ref": _SCHEMAS + shape.__name__}
