"""`render`: a mail made of samples, for those who work on the templates. Needs no server."""

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from notifications.clients.models import Account, Address, Order, OrderLine, Parcel, Product, Seller
from notifications.domain.intents import Template
from notifications.mails.draft import HERO, LINE, ROW, Attachment, Draft
from notifications.mails.invoice import invoice
from notifications.mails.message import compose
from notifications.mails.rendering import render
from notifications.rasterizer import rasterize
from notifications.storage.sales import Sales, Sold

_HERE = UUID("1f0c3f3e-7d0a-5d7c-9a40-6a1f5e5a2c11")
_PUBLIC_URL = "http://127.0.0.1:8080"
_JAR = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400">
<rect width="400" height="400" fill="#eee7d8"/><circle cx="200" cy="190" r="158" fill="#f6f2e9"/>
<path d="M112 104V326A75 16 0 0 0 262 326V104z" fill="{}"/>
<text x="187" y="230" font-family="Georgia, serif" font-size="34" fill="#fffaf0"
 text-anchor="middle">{}</text>
</svg>"""


def _id(name: str) -> UUID:
    return uuid5(_HERE, name)


_TEA = Seller(id=_id("leaf"), slug="leaf-and-kettle", name="Leaf & Kettle")
_MAPS = Seller(id=_id("maps"), slug="far-corners", name="Far Corners")
_PRODUCTS = [
    Product(
        id=_id("tea"), name="Hōjicha, roasted over charcoal", seller=_TEA, price_minor=1290, currency="EUR"
    ),
    Product(id=_id("map"), name="Map of the Lofoten, 1881", seller=_MAPS, price_minor=4900, currency="EUR"),
]
ACCOUNT = Account(id=_id("ada"), email="ada@example.org", display_name="Ada Lovelace")
SAMPLE_ORDER = Order(
    id=_id("order"),
    status="shipped",
    reason="payment_declined",
    lines=[
        OrderLine(
            product_id=product.id,
            seller_id=product.seller.id,
            name=product.name,
            quantity=quantity,
            unit_price_minor=product.price_minor,
            tax_rate_bp=rate,
            line_total_minor=quantity * product.price_minor,
        )
        for product, quantity, rate in zip(_PRODUCTS, (2, 1), (700, 1900), strict=True)
    ],
    total_minor=7480,
    tax_minor=951,
    currency="EUR",
    delivery_address=Address(
        name="Ada Lovelace", line1="Ørsteds Gade 4", postal_code="2100", city="København", country="DK"
    ),
    parcels=[Parcel(seller_id=_TEA.id, status="in_transit", tracking_code="BZNMHSWYQSURFRZCRZN4GQZZPQVI")],
    created_at=datetime(2026, 11, 26, 9, 30, tzinfo=UTC),
)


def sample(template: Template) -> Draft:
    names = {seller.id: seller.name for seller in (_TEA, _MAPS)}
    of_order: dict[str, Any] = {"order": SAMPLE_ORDER, "stalls": names}
    sold = [Sold(product.id, 3, 3 * product.price_minor) for product in _PRODUCTS]
    values: dict[str, Any]
    size = LINE
    match template:
        case Template.BASKET_ABANDONED:
            values = {"lines": [(product, 1) for product in _PRODUCTS]}
        case Template.REVIEW_RECEIVED:
            values, size = {"product": _PRODUCTS[0], "rating": 4}, HERO
        case Template.SALES_REPORT:
            sales = Sales("EUR", 5, 6, 18570, 1, 4900, sold)
            products = {product.id: product for product in _PRODUCTS}
            day = date(2026, 11, 25)
            values, size = {"seller": _TEA, "day": day, "sales": sales, "products": products}, ROW
        case _:
            values = of_order
    attached = Attachment(f"invoice-{SAMPLE_ORDER.number}.pdf", invoice(SAMPLE_ORDER, names))
    return Draft(
        template=template,
        subject=f"A sample of {template}",
        values={"account": ACCOUNT, **values},
        pictures={product.id: str(product.id) for product in _PRODUCTS},
        size=size,
        attachments=(attached,) if template == Template.ORDER_CONFIRMED else (),
    )


def pictures(size: int) -> dict[UUID, bytes]:
    looks = (("#846c33", "tea"), ("#17533f", "map"))
    drawings = [_JAR.format(color, word).encode() for color, word in looks]
    return {
        product.id: rasterize("image/svg+xml", drawing, size)
        for product, drawing in zip(_PRODUCTS, drawings, strict=True)
    }


def show(name: str, kind: str, out: str | None) -> int:
    """html and text as they are; eml as any mail program opens it, pictures and invoice included."""
    if name not in list(Template):
        print(f"there is no {name}; there are {', '.join(Template)}", file=sys.stderr)  # noqa: T201
        return 2
    written = _written(sample(Template(name)), kind)
    if out:
        Path(out).write_bytes(written)
    else:
        sys.stdout.buffer.write(written)
    return 0


def _written(draft: Draft, kind: str) -> bytes:
    if kind == "pdf":
        return invoice(SAMPLE_ORDER, draft.values.get("stalls", {}))
    if kind == "eml":
        message = compose(
            draft,
            ACCOUNT,
            sender="Bazaar <market@bazaar.example>",
            message_id=f"<{_id('mail')}@bazaar.example>",
            cause=f"order:{SAMPLE_ORDER.id}",
            written_at=SAMPLE_ORDER.created_at,
            public_url=_PUBLIC_URL,
            pngs=pictures(draft.size),
        )
        return bytes(message)
    html, text = render(draft, _PUBLIC_URL, {})
    return (html if kind == "html" else text).encode()
