"""As much of RFC 6455 as a load client needs: text out (masked), whole frames in, no fragments."""

from __future__ import annotations

import base64
import os
import struct
from collections.abc import Iterator

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
# All zeros is a mask as good as any against a server of our own, and costs the client nothing.
NO_MASK = b"\0\0\0\0"


class FrameError(Exception):
    pass


def handshake(host: str, path: str, protocols: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13",
    ]  # fmt: skip
    if protocols:
        lines.append(f"Sec-WebSocket-Protocol: {protocols}")
    return "\r\n".join([*lines, "", ""]).encode()


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """A client's frame, which must be masked."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 1 << 16:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
    else:
        raise FrameError(f"{size} bytes are more than chat takes")
    return head + NO_MASK + payload


class Frames:
    """What a server sends, cut into (opcode, payload)."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        self._rest += data
        start, have = 0, len(self._rest)
        while have - start >= 2:
            first, size = self._rest[start], self._rest[start + 1]
            body = start + 2
            if not first & 0x80 or size & 0x80:
                raise FrameError("a fragment or a masked frame from the server")
            if size >= 126:
                width = 2 if size == 126 else 8
                if have - body < width:
                    break
                size = int.from_bytes(self._rest[body : body + width])
                body += width
            if have - body < size:
                break
            start = body + size
            yield first & 0x0F, bytes(self._rest[body:start])
        del self._rest[:start]


def close_code(payload: bytes) -> int:
    return int.from_bytes(payload[:2]) if len(payload) >= 2 else 1005
