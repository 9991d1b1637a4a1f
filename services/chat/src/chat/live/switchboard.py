"""Where what happens here meets what other replicas tell: feeds, unread counts, presence, typing."""

from uuid import UUID

from redis.asyncio import Redis

from chat.conversations.messages import Appended
from chat.live import hints
from chat.live.feeds import Feed, Feeds, Member, Source
from chat.live.frames import PresenceOut, TypingOut, encode
from chat.live.hints import Hint
from chat.live.presence import Presence
from chat.live.topics import CONVERSATION, ORDER, SELLER, SHOPPER, Topic
from chat.live.unread import UnreadCounts
from chat.live.wakeups import Listener, Publisher
from chat.metrics import MESSAGES
from chat.storage.database import Sessions
from chat.storage.tables import Conversation, Side


class Switchboard:
    def __init__(
        self,
        *,
        replica: str,
        redis: Redis,
        sessions: Sessions,
        messages: Source,
        orders: Source,
        poll_seconds: float,
        page: int,
    ) -> None:
        self._replica = replica
        self.publisher = Publisher(redis)
        self.listener = Listener(redis, self._receive)
        sources = {CONVERSATION: messages, ORDER: orders}
        self.feeds = Feeds(sources, self.listener, poll_seconds, page=page)
        self.unread = UnreadCounts(sessions, self.listener, poll_seconds)
        self.presence = Presence(redis, self.feeds, replica, _tell_presence, self._tell_looked)

    # what happens here: at once for those who are here, and by a hint for the others

    def appended(self, appended: Appended) -> None:
        MESSAGES.labels("stored" if appended.new else "repeated").inc()
        if appended.new:
            self._news(Topic.conversation(appended.conversation.id))
            self.counted(appended.conversation)

    def counted(self, conversation: Conversation) -> None:
        """What is unread of it has changed, for one of its sides or both."""
        self._news(Topic(SHOPPER, conversation.shopper_id))
        self._news(Topic(SELLER, conversation.seller_id))

    def types(self, conversation: UUID, side: Side, account: UUID) -> None:
        topic = Topic.conversation(conversation)
        _tell_typing(self.feeds.get(topic), side, account)
        self._publish(topic, Hint("typing", self._replica, side, account))

    async def join(self, conversation: UUID, member: Member, side: Side, after: int) -> None:
        await self.feeds.join(Topic.conversation(conversation), member, side, after)
        self.presence.look(conversation)

    def leave(self, topic: Topic, member: Member) -> None:
        if self.feeds.leave(topic, member) is not None:
            self.presence.look(topic.id)

    def _news(self, topic: Topic) -> None:
        self._wake(topic)
        self._publish(topic, Hint("news", self._replica))

    def _tell_looked(self, conversation: UUID) -> None:
        self._publish(Topic.conversation(conversation), Hint("presence", self._replica))

    def _publish(self, topic: Topic, hint: Hint) -> None:
        self.publisher.publish(topic.channel, hints.encode(hint))

    # what others tell

    def _receive(self, channel: str, payload: bytes) -> None:
        topic = Topic.of_channel(channel)
        hint = hints.decode(payload)
        if topic is None or hint.by == self._replica:
            return
        if hint.kind == "news":
            self._wake(topic)
        elif hint.kind == "presence":
            self.presence.look(topic.id)
        elif hint.side is not None and hint.account is not None:
            _tell_typing(self.feeds.get(topic), hint.side, hint.account)

    def _wake(self, topic: Topic) -> None:
        if topic.kind in {CONVERSATION, ORDER}:
            self.feeds.wake(topic)
        else:
            self.unread.wake(topic)


def _tell_typing(feed: Feed | None, side: Side, account: UUID) -> None:
    if feed is None:
        return
    frame = encode(TypingOut(feed.topic.id, side))
    for member in list(feed.members):
        if member.account != account:
            member.offer(frame)


def _tell_presence(feed: Feed, side: Side, online: bool) -> None:
    frame = encode(PresenceOut(feed.topic.id, side, online))
    for member, membership in list(feed.members.items()):
        if membership.side is not side:
            member.offer(frame)
