"""The market's pages as a shopper handles them: what can be done there, by the words that stand on them."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, Response, expect

from tests.e2e.pages.browser import Device, Watch
from tests.kit.market import ADDRESS, PASSWORD, Shopper, eventually

type Product = dict[str, Any]

NAME = "Grace Hopper"


def euros(minor: int) -> str:
    return f"€{minor / 100:,.2f}"


@dataclass(frozen=True)
class Shop:
    page: Page
    watch: Watch
    device: Device
    scripts: bool

    def open(self, path: str, *, status: int = 200) -> Shop:
        if status >= 400:
            self.watch.provoked.add(status)
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status == status, f"{path}: {answer.status}"
        return self

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    # --- who one is ---

    def sign_up_here(self) -> Shopper:
        """Fills in the sign-up that is on the page; gives the account for the API's use."""
        email = f"t-{uuid.uuid4().hex[:16]}@example.org"
        self.page.get_by_label("Your name").fill(NAME)
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.button("Open the account").click()
        expect(self.signed_in).to_be_attached()
        return Shopper(email, PASSWORD).sign_in()

    def sign_in_here(self, account: Shopper) -> None:
        form = self.page.get_by_role("main")
        form.get_by_label("E-mail").fill(account.email)
        form.get_by_label("Password").fill(account.password)
        form.get_by_role("button", name="Sign in").click()

    def sign_in(self, account: Shopper) -> Shop:
        too_often = self.page.get_by_role("heading", name="That was too often")
        # the gateway counts sign-ins from one address, and all of the tests' come from one
        self.watch.provoked.add(429)

        def signed_in() -> bool:
            self.open("/sign-in").sign_in_here(account)
            expect(self.signed_in.or_(too_often)).to_be_attached()
            return not too_often.count()

        eventually(signed_in, within=30, every=1, what="the sign-in")
        return self

    @property
    def signed_in(self) -> Locator:
        return self.button("Sign out")

    # --- what one buys ---

    def look_at(self, product: Product) -> Shop:
        self.open(f"/products/{product['id']}")
        expect(self.page.get_by_role("heading", level=1)).to_have_text(product["name"])
        return self

    def add(self, product: Product, quantity: int = 1) -> Shop:
        self.look_at(product)
        self.page.get_by_label("How many", exact=True).fill(str(quantity))
        self.button("Add to basket").click()
        if not self.scripts:
            expect(self.page).to_have_url(re.compile("/basket$"))
        self.is_told("is in your basket")
        return self

    def line(self, product: Product) -> Locator:
        return self.page.locator(".lines > li").filter(has_text=product["name"])

    def quantity_of(self, product: Product) -> int:
        return int(self.line(product).get_by_label("How many of").input_value())

    def check_out(self) -> Shop:
        self.open("/basket")
        self.page.get_by_role("link", name="Check out").click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text("Check out")
        return self

    def fill_order(self, card: str = "tok_approve") -> Shop:
        form = self.page.locator("#order-form")
        form.get_by_label("Name", exact=True).fill(ADDRESS["name"])
        form.get_by_label("Street and number").fill(ADDRESS["line1"])
        form.get_by_label("Postal code").fill(ADDRESS["postal_code"])
        form.get_by_label("Town").fill(ADDRESS["city"])
        form.get_by_label("Country").select_option(ADDRESS["country"])
        # the words beside it are what one meets: they lie over the whole card
        chosen = self.page.locator(f'input[name=card][value="{card}"]')
        form.locator(".pay-card").filter(has=chosen).locator("label").click()
        expect(chosen).to_be_checked()
        return self

    @property
    def order_button(self) -> Locator:
        return self.button("Order and pay")

    def send_order(self) -> Response:
        """Presses the button; gives what the form was answered with."""
        with self.page.expect_response(_is_checkout) as answered:
            self.order_button.click()
        return answered.value

    def buy(self, card: str = "tok_approve") -> str:
        """From a filled form to the order's page; gives the order's id."""
        assert self.send_order().status == 303
        return self.on_order_page()

    def on_order_page(self) -> str:
        expect(self.page).to_have_url(re.compile(r"/orders/[0-9a-f-]{36}$"))
        return self.page.url.rpartition("/")[2]

    # --- what one is told ---

    def is_told(self, words: str) -> None:
        """In the head of a page, or at its edge where only a part of it was changed."""
        notes = self.page.locator("#notes .note, #toasts .note")
        expect(notes.filter(has_text=words).first).to_be_visible()

    @property
    def verdict(self) -> Locator:
        return self.page.locator(".verdict-label")

    def ends_as(self, label: str, *, within: float = 40) -> None:
        """The order's end as its page tells it: by itself with scripts, by reloading without."""
        if self.scripts:
            expect(self.verdict).to_have_text(label, timeout=within * 1000)
            return

        def told() -> bool:
            self.page.reload()
            return self.verdict.inner_text().strip() == label

        eventually(told, within=within, every=0.5, what=f"the page to say {label}")

    def sees_steps_done(self, count: int) -> None:
        expect(self.page.locator(".timeline > .failed, .timeline > .undone")).to_have_count(0)
        done = self.page.locator(".timeline > .done")
        assert done.count() >= count, f"only {done.count()} steps are done"

    def sees(self, locator: Locator, *, within: float = 20) -> None:
        """What comes with events from other services: the page is loaded again until it is there."""

        def there() -> bool:
            self.page.reload()
            return locator.first.is_visible()

        eventually(there, within=within, every=0.5, what=f"{locator} on {self.page.url}")


def _is_checkout(response: Response) -> bool:
    return response.request.method == "POST" and response.url.endswith("/checkout")
