"""The envelope of every event: a CloudEvents 1.0 JSON document (ADR 0002).

`aggregateversion` and `traceparent` are CloudEvents extension attributes. The version grows by one with each
change of the aggregate and is given under its row's lock, so that a consumer can ignore what is older than it
knows.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn
from uuid import UUID, uuid4

from bazaar_shared.telemetry import current_traceparent

CONTENT_TYPE = "application/cloudevents+json"
# what a consumer's column holds: a larger one would fail there for ever, and hold up its partition
_LARGEST_VERSION = 2**63 - 1
_TEXTS = ("id", "source", "type", "subject", "time")


class InvalidEvent(ValueError):
    """The bytes are not an event of ours; trying again will not help."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: Mapping[str, Any]
    version: int
    traceparent: str | None = None

    @classmethod
    def new(  # the names are those of CloudEvents
        cls,
        *,
        source: str,
        type: str,  # noqa: A002
        subject: str,
        version: int,
        data: Mapping[str, Any],
    ) -> "Event":
        """A fact that happens now, in the trace that is current now."""
        return cls(
            id=str(uuid4()),
            source=source,
            type=type,
            subject=subject,
            time=datetime.now(UTC),
            data=data,
            version=version,
            traceparent=current_traceparent(),
        )

    def to_dict(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": self.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "aggregateversion": self.version,
            "data": dict(self.data),
        }
        if self.traceparent is not None:
            document["traceparent"] = self.traceparent
        return document

    def to_json(self) -> bytes:
        return json.dumps(self.to_dict(), separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()

    @classmethod
    def from_json(cls, raw: bytes | str | None) -> "Event":
        if raw is None:
            raise InvalidEvent("the record has no value")
        try:
            document = json.loads(raw, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise InvalidEvent(f"not JSON: {error}") from error
        return cls.from_dict(document)

    @classmethod
    def from_dict(cls, document: object) -> "Event":
        if not isinstance(document, dict) or document.get("specversion") != "1.0":
            raise InvalidEvent("not a CloudEvents 1.0 object")
        for name in _TEXTS:
            if not isinstance(document.get(name), str) or not document[name]:
                raise InvalidEvent(f"{name}: a text is required")
        version, data, traceparent = (
            document.get(name) for name in ("aggregateversion", "data", "traceparent")
        )
        # bool is an int to Python, but no version
        if not isinstance(version, int) or isinstance(version, bool) or version < 0:
            raise InvalidEvent("aggregateversion: a whole number from 0 on is required")
        if version > _LARGEST_VERSION:
            raise InvalidEvent("aggregateversion: more than 64 bits hold")
        if not isinstance(data, dict):
            raise InvalidEvent("data: an object is required")
        return cls(
            id=_uuid(document["id"]),
            source=document["source"],
            type=document["type"],
            subject=document["subject"],
            time=_time(document["time"]),
            data=data,
            version=version,
            traceparent=traceparent if isinstance(traceparent, str) else None,
        )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise InvalidEvent("id: a UUID is required") from error


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidEvent("time: an RFC 3339 time is required") from error
    if time.tzinfo is None:
        raise InvalidEvent("time: an offset is required")
    return time.astimezone(UTC)
