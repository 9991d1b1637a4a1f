"""The sockets of this replica, for what concerns them all: sessions that ended, the process' end."""

from collections.abc import Collection, Iterable
from random import randrange
from typing import Protocol

from chat.live.frames import Reconnect, encode
from chat.live.sessions import is_session_id

# so long a client waits before it comes back, each for a time of its own: not all at once
_LONGEST_MS = 2000


class Socket(Protocol):
    @property
    def session_id(self) -> str | None: ...

    def offer(self, frame: bytes) -> None: ...

    def drop(self, code: int, reason: str) -> None: ...


class Close:
    """Codes that a client understands. From 4000 on they are an application's own."""

    DRAINING = 1001
    TOKEN_ENDED = 4001
    SESSION_ENDED = 4002
    TOO_SLOW = 4003
    TOO_MANY = 4008
    BAD_FRAME = 4400


class Sockets:
    def __init__(self) -> None:
        self._open: set[Socket] = set()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, socket: Socket) -> None:
        self._open.add(socket)

    def remove(self, socket: Socket) -> None:
        self._open.discard(socket)

    def sessions(self) -> Collection[str]:
        return {one.session_id for one in self._open if one.session_id and is_session_id(one.session_id)}

    def sessions_ended(self, ended: Iterable[str]) -> None:
        gone = set(ended)
        for socket in [one for one in self._open if one.session_id in gone]:
            socket.drop(Close.SESSION_ENDED, "session_ended")

    def drain(self) -> None:
        for socket in list(self._open):
            socket.offer(encode(Reconnect(randrange(_LONGEST_MS))))  # noqa: S311 no secret
            socket.drop(Close.DRAINING, "draining")
