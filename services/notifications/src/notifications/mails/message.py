"""The finished message. Made twice from the same intent, it says the same under the same Message-ID."""

from collections.abc import Mapping
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from uuid import UUID

from notifications.clients.models import Account
from notifications.errors import Hopeless
from notifications.mails.draft import Draft
from notifications.mails.rendering import render


def compose(
    draft: Draft,
    account: Account,
    *,
    sender: str,
    message_id: str,
    cause: str,
    written_at: datetime,
    public_url: str,
    pngs: Mapping[UUID, bytes],
) -> EmailMessage:
    domain = parseaddr(sender)[1].rpartition("@")[2]
    names = {product_id: f"{product_id}@{domain}" for product_id in pngs}
    html, text = render(draft, public_url, {product_id: f"cid:{name}" for product_id, name in names.items()})
    message = EmailMessage(policy=SMTP)
    message["Subject"] = _one_line(draft.subject)
    message["From"] = _address(*parseaddr(sender))
    message["To"] = _address(account.display_name or "", account.email)
    # the intent's, not this attempt's: a second one is the same mail
    message["Date"] = format_datetime(written_at)
    message["Message-ID"] = message_id
    # by these a program finds it: what it is about, in ids only
    message["X-Bazaar-Cause"] = cause
    message["X-Bazaar-Template"] = draft.template.value
    # no answers from holiday programs, please (RFC 3834)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    _, page = message.iter_parts()
    for product_id, png in pngs.items():
        page.add_related(
            png,
            "image",
            "png",
            cid=f"<{names[product_id]}>",
            disposition="inline",
            filename=f"{product_id}.png",
        )
    for attached in draft.attachments:
        message.add_attachment(
            attached.content, maintype="application", subtype=attached.subtype, filename=attached.filename
        )
    return message


def _address(name: str, email: str) -> Address:
    try:
        return Address(_one_line(name), addr_spec=email)
    except (ValueError, IndexError, MessageError):
        # the address itself stays out of what is logged and kept
        raise Hopeless("the account's e-mail address is none") from None


def _one_line(text: str) -> str:
    """A line's end in a header would begin another header."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
