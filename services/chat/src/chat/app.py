"""The Tornado application: routes, and what handlers are given."""

import re
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry
from tornado.httputil import HTTPServerRequest
from tornado.routing import URLSpec
from tornado.web import Application, RequestHandler

from bazaar_shared.metrics import HttpMetrics
from chat.live.frames import MAX_FRAME
from chat.services import Services
from chat.web.base import MAX_BODY, NotFoundHandler, TooLargeHandler
from chat.web.conversations import (
    PREFIX,
    ConversationHandler,
    ConversationsHandler,
    ReadHandler,
    UnreadHandler,
)
from chat.web.document import DocumentHandler
from chat.web.messages import MessagesHandler
from chat.web.socket import SocketHandler
from chat.web.sockets import Sockets
from chat.web.traffic import Traffic
from chat.web.updates import MessageUpdatesHandler, OrderEventsHandler, OrderUpdatesHandler

PING_SECONDS = 30
# as much is read of what is refused, so that the connection can be used again
BUFFERED_BODY = MAX_BODY * 4
_UUID = r"([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"

ROUTES: dict[str, type[RequestHandler]] = {
    "/conversations": ConversationsHandler,
    "/conversations/{conversation_id}": ConversationHandler,
    "/conversations/{conversation_id}/messages": MessagesHandler,
    "/conversations/{conversation_id}/read": ReadHandler,
    "/conversations/{conversation_id}/updates": MessageUpdatesHandler,
    "/orders/{order_id}/events": OrderEventsHandler,
    "/orders/{order_id}/updates": OrderUpdatesHandler,
    "/unread": UnreadHandler,
    "/openapi.json": DocumentHandler,
    "/socket": SocketHandler,
}


class ChatApplication(Application):
    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        """Asked when the headers are there: a body that is said to be too large is not waited for."""
        length = request.headers.get("Content-Length", "0")
        if length.isdecimal() and int(length) > BUFFERED_BODY:
            return self.get_handler_delegate(request, TooLargeHandler, self.settings["default_handler_args"])
        return super().find_handler(request, **kwargs)


def make_app(
    services: Services, sockets: Sockets, traffic: Traffic, registry: CollectorRegistry = REGISTRY
) -> Application:
    shared = {"services": services, "traffic": traffic, "metrics": HttpMetrics(registry)}
    return ChatApplication(
        [_route(f"{PREFIX}{path}", handler, shared, sockets) for path, handler in ROUTES.items()],
        default_handler_class=NotFoundHandler,
        default_handler_args=shared,
        # the gateway writes the access log
        log_function=lambda _: None,
        cookie_secret=str(services.settings.cookie_key),
        # readable by the page's script, which sends it back in a header
        xsrf_cookie_kwargs={"samesite": "Lax", "secure": services.settings.cookie_secure},
        websocket_ping_interval=PING_SECONDS,
        websocket_ping_timeout=PING_SECONDS / 2,
        websocket_max_message_size=MAX_FRAME,
    )


def _route(template: str, handler: type[RequestHandler], shared: dict[str, Any], sockets: Sockets) -> URLSpec:
    """The template is what metrics and spans are named by; ids in it are UUIDs, or it is another route."""
    arguments = shared | {"route": template}
    if handler is SocketHandler:
        arguments["sockets"] = sockets
    return URLSpec(re.sub(r"\{\w+\}", lambda _: _UUID, template), handler, arguments, name=template)
