"""What happens beside the request, as a client sees it: mails, sockets, clicks."""

from __future__ import annotations

import json
import os
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from websockets.sync.client import ClientConnection, connect

from tests.kit.market import GATEWAY, Shopper

MAIL = os.environ.get("MAIL_URL", "http://127.0.0.1:11080")
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
Row = dict[str, Any]


def mails(cause: str, template: str | None = None) -> list[Row]:
    """Those that were caught of that cause (`order:<id>`), oldest first."""
    query = {"headers.x-bazaar-cause": cause}
    found = httpx.get(f"{MAIL}/email", params=query, timeout=15).raise_for_status().json()
    return [mail for mail in found if template in (None, mail["headers"].get("x-bazaar-template"))]


def attachment(mail: Row, kind: str) -> bytes:
    """The only one of that content type."""
    (found,) = [each for each in mail["attachments"] if each["contentType"] == kind]
    url = f"{MAIL}/email/{mail['id']}/attachment/{found['generatedFileName']}"
    return httpx.get(url, timeout=15).raise_for_status().content


class Socket:
    """A socket of chat's through the gateway; remembers what it was told."""

    def __init__(self, opening: connect) -> None:
        self.opening = opening
        self.connection: ClientConnection = opening.__enter__()
        self.hello = self.hear("hello")

    @classmethod
    def of(cls, person: Shopper, **headers: str) -> Socket:
        address = f"ws://{urlsplit(GATEWAY).netloc}/api/chat/socket"
        given = {"Authorization": f"Bearer {person.token}"} | headers
        return cls(connect(address, additional_headers=given, open_timeout=15, proxy=None))

    def say(self, kind: str, **fields: Any) -> None:
        self.connection.send(json.dumps({"type": kind, **fields}))

    def hear(self, kind: str, within: float = 20) -> Row:
        """The next frame of that kind; others are passed over."""
        while True:
            frame: Row = json.loads(self.connection.recv(timeout=within))
            if frame["type"] == kind:
                return frame

    def __enter__(self) -> Socket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.opening.__exit__(None, None, None)


def click(kind: str, **fields: Any) -> Row:
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"id": str(uuid.uuid4()), "kind": kind, "at": now, **fields}


def tell_clicks(*clicks: Row, session: str | None = None, **headers: str) -> httpx.Response:
    body = {"session_id": session or str(uuid.uuid4()), "events": list(clicks)}
    return httpx.post(f"{GATEWAY}/api/clickstream", json=body, headers=BROWSER | headers, timeout=15)
