"""The demo's acts. Each shows one promise of the market, and checks that it was kept."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tools.books import Books
from tools.shopper import (
    AwayError,
    DemoError,
    Json,
    Person,
    RefusedError,
    Shopper,
    basket_body,
    order_body,
    wait_until,
)
from tools.telling import Teller, money

SAGA = 60.0
NEWS = 30.0  # for an event to come from one service to another


@dataclass
class Cast:
    """Who plays, and what they remember from act to act."""

    tell: Teller
    shopper: Shopper
    seller: Person
    books: Callable[[], Books]
    email: str
    password: str
    mail: str = ""  # the address of the mails' page
    wanted: list[tuple[Json, int]] = field(default_factory=list)
    basket: Json = field(default_factory=dict)
    bought: Json = field(default_factory=dict)
    key: str = ""
    body: Json = field(default_factory=dict)


class SoldOutError(DemoError):
    pass


def expect(met: bool, what: str) -> None:
    if not met:
        raise DemoError(f"a promise was broken: {what}", "this is a bug; the audit may say more: make audit")


def sign_in(cast: Cast) -> None:
    cast.tell.act("… signs in, for only members buy")
    session = cast.shopper.sign_in(cast.email, cast.password)
    cast.tell.say(f"{cast.email} at identity · Pyramid, through the gateway · Envoy")
    cast.tell.good(f"a signed access token for {session['expires_in'] // 60} minutes, and a refresh token")


def look_around(cast: Cast) -> None:
    cast.tell.act("A guest searches, and looks at products")
    found, (smoky, novel, other) = when_in_stock(lambda: choose(cast.shopper))
    cast.tell.say("GET /api/catalog/products?search=smoke at catalog · Django, PostgreSQL full text")
    cast.tell.products(found)
    for product in (smoky, novel, other):
        cast.shopper.product(product["id"])
    cast.wanted = [(smoky, 2), (novel, 1), (other, 1)]
    cast.tell.good(f"wanted: 2 × {smoky['name']}, {novel['name']} and {other['name']}: two stalls")


def choose(shopper: Shopper) -> tuple[list[Json], tuple[Json, Json, Json]]:
    """What the search finds, and three products to buy."""
    found = shopper.search(search="smoke", in_stock="true", limit=6)
    books = shopper.search(seller="paper-lantern", in_stock="true", ordering="price", limit=40)
    return found, (first_with(found, 4), first_with(books, 4), first_with(books[10:], 4))


def when_in_stock[T](ask: Callable[[], T], within: float = NEWS) -> T:
    """Right after a first start catalog may not have heard yet of what inventory has put on its shelves."""
    missing: list[SoldOutError] = []

    def attempt() -> T | None:
        try:
            return ask()
        except SoldOutError as error:
            missing.append(error)
            return None

    try:
        return wait_until(
            "that catalog learns from inventory's events what is in stock", attempt, within=within
        )
    except AwayError as late:
        raise missing[-1] from late


def fill_basket(cast: Cast) -> None:
    cast.tell.act("… fills a basket, without an account")
    cast.tell.say("POST /api/basket/baskets at basket · Sanic: who holds its token holds the basket")
    basket = cast.shopper.guest_basket()
    for product, quantity in cast.wanted:
        basket = add_when_known(cast.shopper, basket, product["id"], quantity)
    total = sum(product["price_minor"] * quantity for product, quantity in cast.wanted)
    expect(basket["total_minor"] == total, f"the basket's total is {basket['total_minor']}, not {total}")
    cast.basket = basket
    told = f"{basket['item_count']} pieces, {money(total)}; each change named the version that it saw"
    cast.tell.good(f"{told}, it is {basket['version']} now")


def add_when_known(shopper: Shopper, basket: Json, product_id: str, quantity: int) -> Json:
    """Right after a first start basket may not have heard of the newest products yet."""
    return when_known("basket", lambda: shopper.add(basket, product_id, quantity))


def merge(cast: Cast) -> None:
    cast.tell.act("… and finds the guest's basket in the member's")
    merged = cast.shopper.merge(cast.basket)
    expect(quantities(merged) == quantities(cast.basket), f"the merged basket holds {quantities(merged)}")
    cast.basket = merged
    cast.tell.good(f"merged into basket {merged['id']}, version {merged['version']}")


def quantities(basket: Json) -> dict[str, int]:
    return {line["product_id"]: line["quantity"] for line in basket["lines"]}


def first_with(products: list[Json], pieces: int) -> Json:
    for product in products:
        if (product["available"] or 0) >= pieces:
            return product
    raise SoldOutError(
        f"the market has no product left of which {pieces} pieces are in stock",
        "`make seed` loads the demo market; one that is sold out starts anew with `make clean` and `make up`",
    )


def buy(cast: Cast) -> None:
    cast.tell.act("… buys it, and is told each step as it happens")
    cast.key, cast.body = f"demo-{uuid.uuid4()}", basket_body(cast.basket)
    cast.tell.say(
        "POST /api/orders at orders · FastAPI, which asks basket for the lines of that very version"
    )
    order = place_when_known(cast.shopper, cast.body, cast.key)
    total = money(order["total_minor"], order["currency"])
    cast.tell.good(f"202 Accepted: order {order['id']}, {total}, stored with its saga and its first event")
    cast.bought = told(cast, order["id"])
    expect(cast.bought["status"] == "confirmed", f"the order is {cast.bought['status']}, not confirmed")
    codes = ", ".join(parcel["tracking_code"] for parcel in cast.bought["parcels"])
    cast.tell.good(f"confirmed; on their way: {len(cast.bought['parcels'])} parcels ({codes})")
    closed = wait_until("that basket hears of the order", lambda: closed_basket(cast), within=NEWS)
    expect(closed["order_id"] == order["id"], f"the basket was closed by {closed['order_id']}")
    cast.tell.good("its basket is closed by it: orders' outbox → Kafka → basket")


def closed_basket(cast: Cast) -> Json | None:
    basket = cast.shopper.basket(cast.basket["id"])
    return basket if basket["status"] == "checked_out" else None


def place_when_known(shopper: Shopper, body: Json, key: str) -> Json:
    """Right after a first start orders may not have heard of the newest products' prices yet."""
    return when_known("orders", lambda: shopper.place(body, key))


def when_known(service: str, ask: Callable[[], Json]) -> Json:
    def attempt() -> Json | None:
        try:
            return ask()
        except RefusedError as refused:
            codes = {each.get("code") for each in refused.problem.get("errors", ())}
            if codes == {"unknown_product"}:
                return None
            raise

    return wait_until(f"that {service} learns the prices from the catalog's events", attempt, within=NEWS)


def told(cast: Cast, order_id: str) -> Json:
    for step in cast.shopper.steps(order_id, within=SAGA):
        cast.tell.step(step)
    return cast.shopper.look_at(order_id)


def decline(cast: Cast) -> None:
    cast.tell.act("A declined card: what was put aside is put back")
    product = cast.wanted[1][0]
    before = cast.books().stock[product["id"]]
    order = cast.shopper.place(order_body([(product, 2)], "tok_decline"))
    ended = told(cast, order["id"])
    after = cast.books().stock[product["id"]]
    expect(ended["status"] == "cancelled", f"the order is {ended['status']}, not cancelled")
    expect(ended["reason"] == "payment_declined", f"the reason is {ended['reason']}")
    expect(before == after, f"the stock was {before}, and is {after}")
    cast.tell.good(f"cancelled, reason {ended['reason']}")
    figures = f"{after.on_hand} on hand, {after.reserved} reserved"
    cast.tell.good(f"stock of {product['name']} before and after: {figures}")


def retry(cast: Cast) -> None:
    cast.tell.act("The same request again, as after a lost answer")
    again = cast.shopper.order(cast.body, cast.key)
    expect(again.status_code == 202, f"the repeated request was answered with {again.status_code}")
    expect(again.json()["id"] == cast.bought["id"], "the repeated request made another order")
    cast.tell.good(f"202, the same order {again.json()['id']}: nothing was bought twice")
    twice = cast.shopper.order(cast.body)
    expect(twice.status_code == 409, f"the same basket under another key: {twice.status_code}")
    expect(twice.json()["order_id"] == cast.bought["id"], "the basket is another order")
    cast.tell.good(f"the same basket under another key: 409 {twice.json()['title']}")
    other = cast.body | {"payment_token": "tok_late"}
    refused = cast.shopper.order(other, cast.key)
    expect(refused.status_code == 422, f"another body under the same key: {refused.status_code}")
    cast.tell.good(f"the same key with another body: 422 {refused.json()['title']}")


def change_price(cast: Cast) -> None:
    cast.tell.act("A seller changes a price while the shopper looks at the old one")
    product = cast.shopper.product(cast.wanted[1][0]["id"])
    seller = f"{product['seller']['slug']}@bazaar.example"
    cast.seller.sign_in(seller, cast.password)
    old = product["price_minor"]
    body = order_body([(product, 1)])
    reprice(cast.seller, product["id"], old + 100)
    try:
        cast.tell.say(f"{seller}: {money(old)} → {money(old + 100)}; catalog's outbox → Kafka → orders")
        wait_until(
            "that orders hears of the new price", lambda: price_at_orders(cast, body, old + 100), within=NEWS
        )
        refused = cast.shopper.order(body)
        expect(refused.status_code == 409, f"an outdated total was answered with {refused.status_code}")
        tell_changes(cast, refused.json(), {product["id"]: product["name"]})
    finally:
        reprice(cast.seller, product["id"], old)
    wait_until("that orders hears of the old price", lambda: price_at_orders(cast, body, old), within=NEWS)


def tell_changes(cast: Cast, problem: Json, names: dict[str, str]) -> None:
    shown, due = problem["expected_total_minor"], problem["actual_total_minor"]
    cast.tell.good(f"409 {problem['title']}: shown {money(shown)}, due {money(due)}")
    for change in problem["changes"]:
        was, now = change.get("was"), change.get("now")
        figures = f": {money(was)} → {money(now)}" if was is not None and now is not None else ""
        cast.tell.say(f"{change['kind']} {names[change['product_id']]}{figures}")


def reprice(seller: Person, product_id: str, price_minor: int) -> None:
    version = seller.ask("GET", f"/api/catalog/products/{product_id}")["version"]
    seller.ask(
        "PATCH",
        f"/api/catalog/products/{product_id}",
        json={"price_minor": price_minor},
        headers={"If-Match": f'"{version}"'},
    )


def price_at_orders(cast: Cast, body: Json, expected: int) -> bool | None:
    """Asked with a total that can't be right, so that nothing is bought by asking."""
    response = cast.shopper.order(body | {"expected_total_minor": 1})
    expect(response.status_code == 409, f"a wrong total was answered with {response.status_code}")
    return True if response.json()["actual_total_minor"] == expected else None


def refund(cast: Cast) -> None:
    cast.tell.act("A change of mind after the payment: refunded and restocked, for no parcel has left")
    order = cast.shopper.place(order_body([(cast.wanted[1][0], 1)]))
    for _ in cast.shopper.steps(order["id"], within=SAGA):
        pass
    cast.tell.say(f"bought: order {order['id']}, {money(order['total_minor'])}. Then: POST …/cancel")
    cast.shopper.cancel(order["id"])
    ended = told(cast, order["id"])
    expect(ended["status"] == "refunded", f"the order is {ended['status']}, not refunded")
    cast.tell.good(f"refunded, reason {ended['reason']}")


def conclude(cast: Cast, before: Books) -> None:
    cast.tell.act("What was bought, and what the books say of it")
    order = cast.shopper.look_at(cast.bought["id"])
    sellers = {product["seller"]["id"]: product["seller"]["name"] for product, _ in cast.wanted}
    rows: list[tuple[str, ...]] = [
        ("", line["name"], sellers[line["seller_id"]], str(line["quantity"]), money(line["line_total_minor"]))
        for line in order["lines"]
    ]
    rows.append(("", "total", f"tax included {money(order['tax_minor'])}", "", money(order["total_minor"])))
    cast.tell.table(
        ("", "product", "stall", "quantity", "amount"), rows, f"Order {order['id']}: {order['status']}"
    )
    after = cast.books()
    cast.tell.table(("", "book", "says"), book_rows(after, order["id"]), "Its lines in the others' books")
    cast.tell.table(
        ("", "account", "before", "after", "change"),
        ledger_rows(before, after),
        "The ledger, before this demo and now",
    )
    total = sum(balance.balance_minor for balance in after.balances)
    expect(total == 0, f"the ledger's accounts sum to {total}")
    cast.tell.good("double entry: all accounts together are 0.00")


def book_rows(books: Books, order_id: str) -> list[tuple[str, ...]]:
    payment, charge = books.payments[order_id], books.charges[order_id]
    parcels = ", ".join(parcel.status for parcel in books.parcels_of()[order_id])
    taken = f"captured {money(payment.captured_minor)}, refunded {money(payment.refunded_minor)}"
    pieces = sum(books.reservations[order_id].lines.values())
    return [
        ("", "inventory", f"{books.reservations[order_id].state}: {pieces} pieces"),
        ("", "payments (ledger)", f"{payment.state}: authorized {money(payment.authorized_minor)}, {taken}"),
        ("", "processor", f"{charge.captures} capture, {money(charge.captured_minor)}"),
        ("", "shipping", f"{len(books.parcels_of()[order_id])} parcels: {parcels}"),
    ]


def ledger_rows(before: Books, after: Books) -> list[tuple[str, ...]]:
    earlier = {(each.account, each.currency): each.balance_minor for each in before.balances}
    rows: list[tuple[str, ...]] = []
    for each in after.balances:
        was = earlier.get((each.account, each.currency), 0)
        change = f"{(each.balance_minor - was) / 100:+,.2f}"
        rows.append(
            ("", each.account, money(was, each.currency), money(each.balance_minor, each.currency), change)
        )
    return rows


BUYING: tuple[Callable[[Cast], Any], ...] = (look_around, fill_basket, sign_in, merge, buy)
MISHAPS: tuple[Callable[[Cast], Any], ...] = (decline, retry, change_price, refund)
