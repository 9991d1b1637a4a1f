"""A browser that tells on the pages: whom they asked, what went wrong in them, what came unguarded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Request,
    Response,
    WebError,
    expect,
    sync_playwright,
)

from tests.kit.market import GATEWAY

type Device = Literal["phone", "desktop"]
type Scheme = Literal["light", "dark"]

DEVICES: dict[Device, dict[str, Any]] = {
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "desktop": {"viewport": {"width": 1280, "height": 900}},
}
CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
PATIENCE_MS = 15_000
# how the browser and htmx tell of an answer that is an error
REFUSALS = (
    "Failed to load resource: the server responded with a status of {}",
    "Response Status Error Code {} from",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's where it is installed, else Playwright's own."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        path = str(CHROMIUM) if CHROMIUM.exists() else None
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-quic", *QUIET]
        )
        yield browser
        browser.close()


def new_context(browser: Browser, device: Device, *, scripts: bool = True, **more: Any) -> BrowserContext:
    context = browser.new_context(
        base_url=GATEWAY,
        java_script_enabled=scripts,
        # nothing is looked at while it is still fading in
        reduced_motion="reduce",
        **DEVICES[device],
        **more,
    )
    context.set_default_timeout(PATIENCE_MS)
    return context


@dataclass
class Watch:
    """What no page of the market may do, in any test."""

    elsewhere: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    unguarded: list[str] = field(default_factory=list)
    # statuses that the test provokes: the console tells of each; and other words of it that are expected
    provoked: set[int] = field(default_factory=set)
    forgiven: set[str] = field(default_factory=set)

    def over(self, context: BrowserContext) -> Watch:
        context.on("request", self._asked)
        context.on("response", self._answered)
        context.on("console", self._console)
        context.on("weberror", self._failed)
        return self

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.netloc != urlsplit(GATEWAY).netloc:
            self.elsewhere.append(request.url)

    def _answered(self, response: Response) -> None:
        if response.request.resource_type != "document" or 300 <= response.status < 400:
            return
        policy = response.headers.get("content-security-policy", "")
        if "default-src 'none'" not in policy or "unsafe" in policy:
            self.unguarded.append(f"{response.status} {response.url}: {policy or 'no policy'}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        expected = [words.format(status) for status in self.provoked for words in REFUSALS]
        if any(words in message.text for words in [*expected, *self.forgiven]):
            return
        self.complaints.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    def _failed(self, error: WebError) -> None:
        self.complaints.append(f"uncaught: {error.error}")

    def assert_clean(self) -> None:
        assert not self.elsewhere, f"a page asked another host: {self.elsewhere}"
        assert not self.complaints, f"the console complained: {self.complaints}"
        assert not self.unguarded, f"a page came without its policy: {self.unguarded}"
