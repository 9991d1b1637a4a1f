"""Handing a message to the mail server. What it answered decides what follows."""

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from notifications.errors import Hopeless, Passing

_TIMEOUT = 10.0
_PORTS = {"smtp": 25, "smtps": 465}


class Postman:
    """A connection for each message: a child may be idle for hours, and no server waits that long."""

    def __init__(self, url: str, timeout: float = _TIMEOUT) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or _PORTS[parts.scheme]
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._timeout = timeout

    def deliver(self, message: EmailMessage) -> None:
        """Returns once the server has taken the message: from then on it is sent."""
        try:
            connection = self._connect()
        except smtplib.SMTPException as error:
            # signing in, TLS, greeting: that is between the two servers, and no fault of the message
            raise Passing(f"the mail server: {error}") from error
        except OSError as error:
            raise Passing(f"the mail server is away: {error}") from error
        try:
            connection.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            _judge(*next(iter(error.recipients.values())))
        except smtplib.SMTPResponseException as error:
            _judge(error.smtp_code, error.smtp_error)
        except (smtplib.SMTPNotSupportedError, ValueError) as error:
            # an address in letters that the server cannot take, or that is none
            raise Hopeless(f"this message cannot be sent: {type(error).__name__}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise Passing(f"the mail server: {type(error).__name__}: {error}") from error
        finally:
            # a good-bye that fails takes nothing back
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()

    def _connect(self) -> smtplib.SMTP:
        if self._secure:
            context = ssl.create_default_context()
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=self._timeout, context=context
            )
        else:
            connection = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        if self._user:
            connection.login(self._user, self._password)
        return connection


def _judge(code: int, _said: bytes | str) -> None:
    """5xx: refused for good; anything else: later. What it said is left out: it may repeat the address, which
    is kept nowhere.
    """
    reason = f"the mail server says {code}"
    if 500 <= code < 600:
        raise Hopeless(reason)
    raise Passing(reason)
