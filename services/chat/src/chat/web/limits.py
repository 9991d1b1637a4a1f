"""How many frames a socket may send, whatever is in them."""

from time import monotonic

FRAMES_A_SECOND = 10.0
BURST = 100.0


class Bucket:
    """A token bucket: `BURST` at once, and then `FRAMES_A_SECOND`."""

    __slots__ = ("_at", "_left")

    def __init__(self) -> None:
        self._left = BURST
        self._at = monotonic()

    def take(self) -> bool:
        now = monotonic()
        self._left = min(BURST, self._left + (now - self._at) * FRAMES_A_SECOND)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
