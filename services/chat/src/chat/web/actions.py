"""What each frame of a client does."""

from typing import TYPE_CHECKING
from uuid import UUID

from bazaar_shared.problems import Problem
from chat.conversations.listing import find
from chat.conversations.messages import Draft, append, mark_read
from chat.errors import Refusal
from chat.live.frames import (
    Incoming,
    Ping,
    Pong,
    Read,
    Renew,
    Renewed,
    Send,
    Sent,
    Subscribe,
    Subscribed,
    Track,
    Typing,
    Unsubscribe,
    encode,
)
from chat.live.topics import Topic
from chat.storage.tables import Conversation, Side
from chat.tracking.access import check_own_order

if TYPE_CHECKING:
    from chat.web.socket import SocketHandler

MOST_TOPICS = 100


async def act(socket: "SocketHandler", frame: Incoming) -> None:
    match frame:
        case Send():
            await _send(socket, frame)
        case Read():
            await _read(socket, frame)
        case Typing():
            side = await _side(socket, frame.conversation)
            socket.services.switchboard.types(frame.conversation, side, socket.account)
        case Subscribe():
            await _subscribe(socket, frame)
        case Unsubscribe():
            _leave(socket, Topic.conversation(frame.conversation))
        case Track():
            await _track(socket, frame)
        case Renew():
            await _renew(socket, frame)
        case Ping():
            socket.offer(encode(Pong()))


async def _subscribe(socket: "SocketHandler", frame: Subscribe) -> None:
    """`subscribed`, then all after `after`, then what comes. Asked again, it begins anew from there."""
    conversation, side = await _find(socket, frame.conversation)
    topic = Topic.conversation(conversation.id)
    _enter(socket, topic)
    switchboard = socket.services.switchboard
    online = await switchboard.presence.of(conversation.id)
    socket.offer(encode(Subscribed(conversation.id, conversation.last_seq, online)))
    # who claims to have seen more than there is would miss what comes
    await switchboard.join(conversation.id, socket, side, min(frame.after, conversation.last_seq))


async def _track(socket: "SocketHandler", frame: Track) -> None:
    services = socket.services
    await check_own_order(services.sessions, services.orders, frame.order, socket.caller)
    topic = Topic.order(frame.order)
    _enter(socket, topic)
    await services.switchboard.feeds.join(topic, socket, None, frame.after)


def _enter(socket: "SocketHandler", topic: Topic) -> None:
    _leave(socket, topic)
    if len(socket.topics) >= MOST_TOPICS:
        raise Refusal(Problem.of("conflict", f"a socket follows at most {MOST_TOPICS} things"))
    # before it joins: a socket that ends meanwhile leaves it
    socket.topics.add(topic)


def _leave(socket: "SocketHandler", topic: Topic) -> None:
    socket.services.switchboard.leave(topic, socket)
    socket.topics.discard(topic)


async def _send(socket: "SocketHandler", frame: Send) -> None:
    side = await _side(socket, frame.conversation)
    draft = Draft(frame.conversation, frame.client_message_id, side, socket.account, frame.body)
    appended = await append(socket.services.sessions, socket.services.turns, draft)
    socket.services.switchboard.appended(appended)
    socket.offer(encode(Sent(frame.client_message_id, frame.conversation, appended.message.seq)))


async def _read(socket: "SocketHandler", frame: Read) -> None:
    side = await _side(socket, frame.conversation)
    conversation = await mark_read(socket.services.sessions, frame.conversation, side, frame.seq)
    socket.services.switchboard.counted(conversation)


async def _renew(socket: "SocketHandler", frame: Renew) -> None:
    caller = await socket.verified(frame.token, by_cookie=socket.caller.by_cookie)
    if caller.account_id != socket.account:
        raise Refusal(Problem.of("forbidden", "the token is another account's"))
    socket.renew(caller)
    socket.offer(encode(Renewed(caller.principal.expires_at)))


async def _side(socket: "SocketHandler", conversation_id: UUID) -> Side:
    """Looked up once for a socket: nobody changes sides, and a seller's stalls are its socket's."""
    side = socket.sides.get(conversation_id)
    return side if side is not None else (await _find(socket, conversation_id))[1]


async def _find(socket: "SocketHandler", conversation_id: UUID) -> tuple[Conversation, Side]:
    async with socket.services.sessions() as session:
        conversation, _ = await find(session, conversation_id)
    side = await socket.caller.side_of(conversation, socket.services.catalog)
    socket.sides[conversation_id] = side
    return conversation, side
