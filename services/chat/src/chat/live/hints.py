"""What travels over Redis' channels: hints, each of which may be lost. Nothing is taken from them but that
there is something to look at, and that somebody types.
"""

from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from chat.storage.tables import Side


class Hint(Struct, frozen=True, omit_defaults=True):
    kind: Literal["news", "presence", "typing"] = "news"
    # the replica it comes from, which knows it already
    by: str = ""
    side: Side | None = None
    account: UUID | None = None


_DECODER = msgspec.json.Decoder(Hint)


def encode(hint: Hint) -> bytes:
    return msgspec.json.encode(hint)


def decode(payload: bytes) -> Hint:
    """Empty, or not understood (a newer version's): look."""
    try:
        return _DECODER.decode(payload) if payload else Hint()
    except msgspec.DecodeError:
        return Hint()
