"""A real SMTP server that can be told to misbehave."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """aiosmtpd's handler. `answers`: what the next recipients are told instead of 250, one each."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.answers: list[str] = []
        self.refuse_all_with: str | None = None
        self.refused = 0
        self.takes_seconds = 0.0
        self.taking = 0
        self._lock = threading.Lock()

    async def handle_RCPT(  # noqa: N802 aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        with self._lock:
            answer = self.refuse_all_with or (self.answers.pop(0) if self.answers else None)
            if answer:
                self.refused += 1
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.taking += 1
        await asyncio.sleep(self.takes_seconds)
        content = envelope.content
        assert isinstance(content, bytes)
        letter = message_from_bytes(content, policy=default)
        assert isinstance(letter, EmailMessage)
        with self._lock:
            self.letters.append(letter)
            self.recipients += envelope.rcpt_tos
        return "250 taken"

    def to(self, address: str) -> list[EmailMessage]:
        return [letter for letter in list(self.letters) if address in str(letter["To"])]

    def message_ids(self) -> Counter[str]:
        return Counter(str(letter["Message-ID"]) for letter in list(self.letters))

    @contextmanager
    def served(self, port: int) -> Iterator[str]:
        controller = _Controller(self, hostname="127.0.0.1", port=port, ready_timeout=30)
        controller.start()
        try:
            yield f"smtp://127.0.0.1:{port}"
        finally:
            controller.stop()


class _Controller(Controller):
    def factory(self) -> SMTP:
        return SMTP(self.handler, hostname="mail.test")
