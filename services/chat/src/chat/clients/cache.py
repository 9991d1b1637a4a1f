"""Answers that are good for a while."""

from collections import OrderedDict
from time import monotonic

MOST = 10_000


class Cache[K, V]:
    """The least recently stored goes first when there are too many."""

    def __init__(self, seconds: float, most: int = MOST) -> None:
        self._seconds = seconds
        self._most = most
        self._kept: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K) -> tuple[V] | None:
        """In a tuple, for None may be what is kept."""
        kept = self._kept.get(key)
        if kept is None or monotonic() >= kept[0]:
            return None
        return (kept[1],)

    def put(self, key: K, value: V) -> None:
        self._kept[key] = (monotonic() + self._seconds, value)
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def drop(self, key: K) -> None:
        self._kept.pop(key, None)
