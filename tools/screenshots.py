"""The README's pictures of the pages, taken anew from the running market.

A guest looks around, the demo's shopper buys and asks a stall, which answers; its operator moderates. The
order is a real one, and so is the mail about it.

Exit status: 0 all were taken, 1 a page was not as expected, 2 the market does not answer.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
import yaml
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from native.modes import Mode
from tools.shopper import DemoError, wait_until

ROOT = Path(__file__).resolve().parent.parent
MARKET = ROOT / "demo" / "market.yaml"
PICTURES = ROOT / "docs" / "pictures"
CHROMIUM = Path("/usr/bin/chromium")
MOST_BYTES = 400_000
PATIENCE_MS = 20_000

TAKEN, UNEXPECTED, AWAY = 0, 1, 2

type Device = Literal["phone", "desktop"]
type Scheme = Literal["light", "dark"]
type Row = dict[str, Any]


class ScreenshotError(Exception):
    """What stood in the way, in one line."""

    status = UNEXPECTED


class MarketAwayError(ScreenshotError):
    status = AWAY


@dataclass(frozen=True)
class Scene:
    """The addresses of the market and of its mails, what is looked at, and who looks."""

    gateway: str
    mail: str
    products: Sequence[Row]
    shopper: Row
    operator: Row
    # whose is the first of the products
    stall: Row


@dataclass(frozen=True)
class Shot:
    name: str
    device: Device
    scheme: Scheme
    about: str
    arrange: Callable[[Page, Scene], None]

    def path(self, folder: Path) -> Path:
        return folder / f"{self.name}.png"


# --- what is done before each picture ---


def home(page: Page, _scene: Scene) -> None:
    page.goto("/")


def product(page: Page, scene: Scene) -> None:
    page.goto(f"/products/{scene.products[0]['id']}")


def basket(page: Page, scene: Scene) -> None:
    fill_basket(page, scene.products)
    page.goto("/basket")


def order(page: Page, scene: Scene) -> None:
    """The whole way: sign in, fill the basket, pay, and wait until the order is confirmed."""
    sign_in(page, scene.shopper)
    empty_basket(page)
    fill_basket(page, scene.products)
    page.goto("/checkout")
    form = page.locator("#order-form")
    for label, text in ADDRESS.items():
        form.get_by_label(label, exact=True).fill(text)
    form.get_by_role("button", name="Order and pay").click()
    expect(page.locator(".verdict-label")).to_have_text("Confirmed")
    wait_until("the end of the basket", lambda: bought(page) or None, within=15)
    to_top(page.locator(".eyebrow"))


def bought(page: Page) -> bool:
    """Basket hears of it a moment after the order was confirmed."""
    page.reload()
    return not page.locator("#basket-count").inner_text()


def anatomy(page: Page, scene: Scene) -> None:
    fill_basket(page, scene.products[1:])
    product(page, scene)
    panel = page.locator("#anatomy")
    panel.locator("summary").click()
    to_top(panel)


def moderation(page: Page, scene: Scene) -> None:
    sign_in(page, scene.operator)
    page.goto("/moderation/reviews?rating=3")


def conversation(page: Page, scene: Scene) -> None:
    """The shopper asks on the product's page; the stall reads and answers in a browser of its own."""
    sign_in(page, scene.shopper)
    product(page, scene)
    page.get_by_text("Ask the stall").click()
    page.get_by_label("Your question").fill(QUESTION)
    page.get_by_role("button", name="Ask", exact=True).click()
    if (browser := page.context.browser) is None:
        raise ScreenshotError("there is no second browser for the stall")
    with closing(browser.new_context(base_url=scene.gateway)) as beside:
        counter = beside.new_page()
        counter.set_default_timeout(PATIENCE_MS)
        sign_in(counter, scene.stall)
        counter.goto(urlsplit(page.url).path)
        counter.get_by_label("Your message").fill(ANSWER)
        counter.get_by_role("button", name="Send").click()
        expect(page.locator("#messages > li").last).to_contain_text(ANSWER)
    page.evaluate("scrollTo(0, 0)")


def dashboard(page: Page, scene: Scene) -> None:
    sign_in(page, scene.stall)
    page.goto("/dashboard")
    expect(page.locator(".chart-bar").first).to_be_visible()


def mail(page: Page, scene: Scene) -> None:
    page.goto(scene.mail)
    page.get_by_text(re.compile("Your order [0-9A-F]+ is confirmed")).first.click()
    expect(page.frame_locator("iframe.panel-html").get_by_text("Total", exact=False).first).to_be_visible()


QUESTION = "Is it from this year?"
ANSWER = "From this spring; we opened the first case on Monday."
ADDRESS = {
    "Name": "Sam Shopper",
    "Street and number": "Torstraße 1",
    "Postal code": "10119",
    "Town": "Berlin",
}
SHOTS = (
    Shot("home", "desktop", "light", "the market square", home),
    Shot("product", "desktop", "dark", "a product with its reviews", product),
    Shot("basket", "phone", "light", "a basket from three stalls", basket),
    Shot("order", "desktop", "light", "an order's way, step by step", order),
    Shot("anatomy", "desktop", "light", "how a page was made", anatomy),
    Shot("conversation", "phone", "light", "a shopper and a stall talking", conversation),
    Shot("dashboard", "desktop", "light", "a stall's takings, as they come in", dashboard),
    Shot("mail", "desktop", "light", "the mail about the order, with its invoice", mail),
    Shot("moderation", "desktop", "light", "the operators' view of reviews", moderation),
)
DEVICES: dict[Device, dict[str, Any]] = {
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
    "desktop": {"viewport": {"width": 1280, "height": 900}},
}


def sign_in(page: Page, account: Row) -> None:
    page.goto("/sign-in")
    form = page.get_by_role("main")
    form.get_by_label("E-mail").fill(account["email"])
    form.get_by_label("Password").fill(account["password"])
    form.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_attached()


def empty_basket(page: Page) -> None:
    page.goto("/basket")
    clear = page.get_by_role("button", name="Empty the basket")
    if clear.count():
        clear.click()
        expect(clear).to_have_count(0)


def fill_basket(page: Page, products: Sequence[Row]) -> None:
    for number, item in enumerate(products):
        page.goto(f"/products/{item['id']}")
        page.get_by_label("How many", exact=True).fill("2" if number == 1 else "1")
        page.get_by_role("button", name="Add to basket").click()
        expect(page.get_by_text("is in your basket").first).to_be_visible()


def to_top(target: Locator) -> None:
    target.evaluate("element => element.scrollIntoView({ block: 'start' })")


# --- what is looked at ---


def chosen(names: Sequence[str]) -> list[Shot]:
    known = {shot.name: shot for shot in SHOTS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ScreenshotError(f"no picture is called {', '.join(unknown)}; there are: {', '.join(known)}")
    return [known[name] for name in names] if names else list(SHOTS)


def worth_a_picture(products: Sequence[Row], count: int) -> list[Row]:
    """Of as many stalls as asked for, the product that most have reviewed and that can be bought."""
    best: dict[str, Row] = {}
    for item in sorted(products, key=_weight):
        if (item["available"] or 0) > count:
            best[item["seller"]["slug"]] = item
    found = sorted(best.values(), key=_weight, reverse=True)[:count]
    if not found:
        raise ScreenshotError("nothing can be bought on this market: load the demo market with `make seed`")
    return found


def _weight(item: Row) -> tuple[int, float, str]:
    rating = item.get("rating") or {}
    return rating.get("count") or 0, rating.get("average") or 0.0, item["id"]


def account(market: Row, role: str) -> Row:
    found: Row = next(each for each in market["accounts"] if role in each["roles"])
    return found


def keeper(market: Row, stall: str) -> Row:
    found: Row = next(each for each in market["accounts"] if each["email"].startswith(f"{stall}@"))
    return found


def read_scene(gateway: str, mail: str) -> Scene:
    market = yaml.safe_load(MARKET.read_text(encoding="utf-8"))
    products = worth_a_picture(all_products(httpx.Client(base_url=gateway, timeout=10)), 3)
    return Scene(
        gateway=gateway,
        mail=mail,
        products=products,
        shopper=account(market, "shopper"),
        operator=account(market, "operator"),
        stall=keeper(market, products[0]["seller"]["slug"]),
    )


def all_products(client: httpx.Client) -> list[Row]:
    found: list[Row] = []
    cursor: str | None = None
    while True:
        query = {"limit": 100} | ({"cursor": cursor} if cursor else {})
        try:
            answer = client.get("/api/catalog/products", params=query)
        except httpx.HTTPError as error:
            raise MarketAwayError(f"no market answers at {client.base_url}: {error}") from error
        if answer.status_code != 200:
            raise MarketAwayError(f"the catalog answers {answer.status_code} at {client.base_url}")
        found += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if not cursor:
            return found


# --- the camera ---


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's where it is installed, else Playwright's own."""
    with sync_playwright() as playwright:
        path = str(CHROMIUM) if CHROMIUM.exists() else None
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def take(browser: Browser, shot: Shot, scene: Scene, folder: Path) -> int:
    """Gives its size in bytes."""
    context = browser.new_context(
        base_url=scene.gateway, color_scheme=shot.scheme, reduced_motion="reduce", **DEVICES[shot.device]
    )
    try:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        shot.arrange(page, scene)
        page.wait_for_load_state("networkidle")
        page.evaluate("document.fonts.ready.then(() => true)")
        data = page.screenshot(animations="disabled")
    except (PlaywrightError, AssertionError, DemoError) as error:
        raise ScreenshotError(f"{shot.name}: {first_line(error)}") from error
    finally:
        context.close()
    if len(data) > MOST_BYTES:
        raise ScreenshotError(f"{shot.name}: {len(data)} bytes are more than the {MOST_BYTES} a README bears")
    folder.mkdir(parents=True, exist_ok=True)
    shot.path(folder).write_bytes(data)
    return len(data)


def first_line(error: BaseException) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


def parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {shot.name:<13} {shot.device}, {shot.scheme}: {shot.about}" for shot in SHOTS)
    made = argparse.ArgumentParser(
        prog="python -m tools.screenshots",
        description=__doc__,
        epilog=f"pictures:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("names", nargs="*", help="only these pictures (default: all)")
    made.add_argument("--gateway", help="its address (default: that of the running market)")
    made.add_argument(
        "--into", type=Path, default=PICTURES, metavar="FOLDER", help="where they go (default: docs/pictures)"
    )
    return made


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    try:
        shots = chosen(arguments.names)
        addresses = Mode.detect().addresses()
        scene = read_scene(arguments.gateway or addresses.gateway, addresses.mail)
        with chromium() as browser:
            for shot in shots:
                size = take(browser, shot, scene, arguments.into)
                print(f"{shot.path(arguments.into)}  {size // 1000} kB  {shot.about}", flush=True)
    except ScreenshotError as error:
        print(error, file=sys.stderr)
        if error.status == AWAY:
            print("`make status` shows what runs, `make up` starts the market.", file=sys.stderr)
        return error.status
    except PlaywrightError as error:
        print(f"no browser: {first_line(error)}; apt-get install chromium", file=sys.stderr)
        return UNEXPECTED
    return TAKEN


if __name__ == "__main__":
    sys.exit(main())
