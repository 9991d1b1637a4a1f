"""Every template, rendered and read; the finished message; the invoice read back from its PDF."""

import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from notifications.clients.models import Account
from notifications.domain.intents import Template
from notifications.errors import Hopeless
from notifications.mails.invoice import invoice
from notifications.mails.message import compose
from notifications.mails.rendering import render
from notifications.mails.samples import ACCOUNT, SAMPLE_ORDER, pictures, sample
from pypdf import PdfReader

PUBLIC = "https://bazaar.example"


class _Reader(HTMLParser):
    """What is seen, what is opened and never closed, and whatever leads out of the mail."""

    VOID = ("img", "br", "meta")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.open, self.sources, self.links = "", [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        if "src" in attributes:
            self.sources.append(attributes["src"])
        if "href" in attributes:
            self.links.append(attributes["href"])
        assert tag not in ("script", "link", "iframe", "form")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data


@pytest.mark.parametrize("template", list(Template))
def test_each_template_says_in_html_and_text_what_it_is_about(template: Template) -> None:
    draft = sample(template)
    html, text = render(draft, PUBLIC, {product_id: f"cid:{product_id}" for product_id in draft.pictures})
    page = _Reader(html)
    assert page.open == []
    # nothing is fetched when it is opened: whoever sends mails learns nothing of who reads them
    assert all(source.startswith("cid:") for source in page.sources)
    assert all(link.startswith(f"{PUBLIC}/") for link in page.links)
    assert "url(" not in html
    assert "@media (prefers-color-scheme: dark)" in html
    said = {
        Template.ORDER_CONFIRMED: ["Hōjicha", "74.80\u00a0EUR", "Ørsteds Gade 4", "9.51\u00a0EUR"],
        Template.ORDER_SHIPPED: ["BZNMHSWYQSURFRZCRZN4GQZZPQVI", "Leaf & Kettle"],
        Template.ORDER_DELIVERED: ["All parcels of order B5850F24 are there"],
        Template.ORDER_CANCELLED: ["Your card was declined.", "Nothing was charged"],
        Template.ORDER_REFUNDED: ["74.80\u00a0EUR go back to the"],
        Template.BASKET_ABANDONED: ["Map of the Lofoten, 1881", "Nothing is set aside"],
        Template.REVIEW_RECEIVED: ["★★★★☆", "Hōjicha"],
        Template.SALES_REPORT: ["185.70\u00a0EUR", "Taken back on that day: 1 order", "25 November 2026"],
    }
    for words in (*said[template], "Hello Ada Lovelace,"):
        assert words in re.sub(r"\s*\n\s*", " ", text)
        assert words in re.sub(r"[ \n]+", " ", page.text)
    assert not re.search(r"[{}]|None|Undefined", text)


def test_what_people_typed_is_text_in_html_and_itself_in_text() -> None:
    draft = sample(Template.ORDER_CONFIRMED)
    evil = Account(id=ACCOUNT.id, email="e@example.org", display_name="<img src=x> & {{ 7*7 }}")
    html, text = render(replace(draft, values={**draft.values, "account": evil}), PUBLIC, {})
    assert "Hello &lt;img src=x&gt; &amp; {{ 7*7 }}," in html
    assert "Hello <img src=x> & {{ 7*7 }}," in text


def test_an_account_without_a_name_is_greeted_all_the_same() -> None:
    draft = sample(Template.ORDER_SHIPPED)
    nameless = Account(id=ACCOUNT.id, email="e@example.org")
    html, text = render(replace(draft, values={**draft.values, "account": nameless}), PUBLIC, {})
    assert text.startswith("Hello,\n")
    assert ">Hello,<" in html


def _message(draft, account=ACCOUNT):
    return compose(
        draft,
        account,
        sender="Bazaar <market@bazaar.example>",
        message_id="<1@bazaar.example>",
        cause="order:1",
        written_at=SAMPLE_ORDER.created_at,
        public_url=PUBLIC,
        pngs=pictures(draft.size),
    )


def test_the_message_s_parts_and_headers() -> None:
    message = _message(sample(Template.ORDER_CONFIRMED))
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "image/png",
        "application/pdf",
    ]
    assert message["To"] == "Ada Lovelace <ada@example.org>"
    assert message["Message-ID"] == "<1@bazaar.example>"
    assert (message["X-Bazaar-Cause"], message["X-Bazaar-Template"]) == ("order:1", "order_confirmed")
    assert message["Date"] == "Thu, 26 Nov 2026 09:30:00 +0000"
    [attached] = message.iter_attachments()
    assert attached.get_filename() == "invoice-B5850F24.pdf"


def test_a_line_s_end_begins_no_header() -> None:
    draft = replace(sample(Template.ORDER_SHIPPED), subject="Hello\r\nBcc: all@example.org")
    account = Account(id=ACCOUNT.id, email="a@example.org", display_name="Ada\r\nBcc: all@example.org")
    message = _message(draft, account)
    assert message["Bcc"] is None
    assert message["Subject"] == "Hello Bcc: all@example.org"
    headers, _, _ = bytes(message).partition(b"\r\n\r\n")
    assert b"\r\nBcc" not in headers


@pytest.mark.parametrize("email", ["nobody", "a@b@c", "a b@example.org", "", "a@example.org\r\nBcc: x@y.z"])
def test_what_is_no_address_is_hopeless_and_is_not_repeated(email: str) -> None:
    with pytest.raises(Hopeless) as raised:
        _message(sample(Template.ORDER_SHIPPED), Account(id=ACCOUNT.id, email=email))
    assert str(raised.value) == "the account's e-mail address is none"
    assert raised.value.__suppress_context__


def _text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


STALLS = {
    line.seller_id: name
    for line, name in zip(SAMPLE_ORDER.lines, ("Leaf & Kettle", "Far Corners"), strict=True)
}


def test_the_invoice_adds_up_for_each_rate_of_tax() -> None:
    text = _text_of(invoice(SAMPLE_ORDER, STALLS))
    for words in (
        "Invoice B5850F24",
        "Hōjicha, roasted over charcoal",
        "Ørsteds Gade 4",
        "2100 København",
        str(SAMPLE_ORDER.id),
    ):
        assert words in text
    for name, amount in {
        "Net at 7\u00a0%": "24.11\u00a0EUR",
        "VAT 7\u00a0%": "1.69\u00a0EUR",
        "Net at 19\u00a0%": "41.18\u00a0EUR",
        "VAT 19\u00a0%": "7.82\u00a0EUR",
        "VAT included": "9.51\u00a0EUR",
        "Total": "74.80\u00a0EUR",
    }.items():
        assert re.search(rf"{re.escape(name)}\s*{re.escape(amount)}", text), (name, text)


def test_a_tax_that_orders_counts_otherwise_is_not_split_up() -> None:
    text = _text_of(
        invoice(SAMPLE_ORDER.model_copy(update={"tax_minor": 900, "discount_minor": 500}), STALLS)
    )
    assert "Net at" not in text
    assert "−5.00\u00a0EUR" in text
    assert "9.00\u00a0EUR" in text


def test_an_invoice_is_the_same_bytes_each_time() -> None:
    assert invoice(SAMPLE_ORDER, STALLS) == invoice(SAMPLE_ORDER, STALLS)


def test_a_long_invoice_has_pages_and_names_in_other_letters() -> None:
    line = SAMPLE_ORDER.lines[0]
    lines = [line.model_copy(update={"name": f"Книга Ωμέγα {number}"}) for number in range(60)]
    reader = PdfReader(io.BytesIO(invoice(SAMPLE_ORDER.model_copy(update={"lines": lines}), STALLS)))
    assert len(reader.pages) > 1
    text = "\n".join(page.extract_text() for page in reader.pages)
    assert "Книга Ωμέγα 59" in text
    assert f"Page 1 of {len(reader.pages)}" in text
