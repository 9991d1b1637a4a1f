"""The addresses of pages, for those who make links and know no framework. A test holds them to the routes."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode


def product(product_id: str) -> str:
    return f"/products/{quote(product_id, safe='')}"


def stall(slug: str) -> str:
    return f"/stalls/{quote(slug, safe='')}"


def category(slug: str) -> str:
    return f"/categories/{quote(slug, safe='')}"


def order(order_id: str) -> str:
    return f"/orders/{quote(order_id, safe='')}"


def conversation(conversation_id: str) -> str:
    return f"/messages/{quote(conversation_id, safe='')}"


def dashboard(slug: str) -> str:
    return f"/dashboard/{quote(slug, safe='')}"


def source(path: str) -> str:
    return f"/source/{quote(path)}"


def with_query(path: str, values: Mapping[str, str | None]) -> str:
    given = {name: value for name, value in values.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


def local(target: str | None, default: str = "/") -> str:
    """`next` as far as it may be followed: a path of ours, never another host.

    Browsers read a backslash as a slash, take `//` for a host, and drop tabs and line breaks first.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return default
    if "\\" in target or any(character <= " " or character == "\x7f" for character in target):
        return default
    return target
