"""Rows in the shapes that are given. Names of shoppers are asked for all rows at once."""

from collections.abc import Sequence

from chat import shapes
from chat.clients.identity import Identity
from chat.storage.tables import Conversation, Message, Side, SubjectKind


async def shape_messages(
    identity: Identity, seller_name: str, messages: Sequence[Message]
) -> list[shapes.Message]:
    names = await identity.names({one.author_id for one in messages if one.author_side == Side.SHOPPER})
    return [_message(one, seller_name, names.get(one.author_id)) for one in messages]


def _message(message: Message, seller_name: str, shopper_name: str | None) -> shapes.Message:
    side = Side(message.author_side)
    return shapes.Message(
        id=message.id,
        conversation_id=message.conversation_id,
        seq=message.seq,
        client_message_id=message.client_message_id,
        author=shapes.Author(side, message.author_id, shopper_name if side is Side.SHOPPER else seller_name),
        body=message.body,
        created_at=message.created_at,
    )


type Seen = tuple[Conversation, Message | None, Side]


async def shape_conversations(identity: Identity, seen: Sequence[Seen]) -> list[shapes.Conversation]:
    names = await identity.names({conversation.shopper_id for conversation, _, _ in seen})
    return [
        _conversation(conversation, last, side, names.get(conversation.shopper_id))
        for conversation, last, side in seen
    ]


def _conversation(
    conversation: Conversation, last: Message | None, side: Side, shopper_name: str | None
) -> shapes.Conversation:
    return shapes.Conversation(
        id=conversation.id,
        subject=shapes.Subject(
            SubjectKind(conversation.subject_kind), conversation.subject_id, conversation.subject_title
        ),
        seller=shapes.Seller(conversation.seller_id, conversation.seller_slug, conversation.seller_name),
        shopper=shapes.Shopper(conversation.shopper_id, shopper_name),
        side=side,
        last_seq=conversation.last_seq,
        last_message=_message(last, conversation.seller_name, shopper_name) if last else None,
        unread=conversation.unread(side),
        read_seq=conversation.read_seq(side),
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
    )
