"""Makes demo/market.yaml, which the services seed themselves from, out of base.yaml and stalls/*.yaml.

    python -m demo.make_market            write it
    python -m demo.make_market --check    only tell whether the committed file is what would be written

Ids are uuid5 of names that never change (a sku, a seller's slug, an e-mail address): a market that is made
again has the same ids, so seeding twice changes nothing.
"""

from __future__ import annotations

import argparse
import re
import sys
import unicodedata
import uuid
from pathlib import Path
from typing import Any

import yaml

DEMO = Path(__file__).resolve().parent
MARKET = DEMO / "market.yaml"
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "bazaar.example")
HEADER = """\
# Made by demo/make_market.py from base.yaml and stalls/*.yaml: edit those, then `python -m demo.make_market`.
# The passwords here are DEMO ONLY. Never load this file into a market that real people use.
"""


def stable_id(kind: str, name: str) -> str:
    return str(uuid.uuid5(NAMESPACE, f"{kind}/{name}"))


def slugify(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower().replace("'", "")).strip("-")


def read_stalls(folder: Path = DEMO / "stalls") -> list[dict[str, Any]]:
    return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yaml"))]


def one_line(text: str) -> str:
    return " ".join(text.split())


def make_account(email: str, display_name: str, roles: list[str], password: str) -> dict[str, Any]:
    return {
        "id": stable_id("account", email),
        "email": email,
        "display_name": display_name,
        "password": password,
        "roles": roles,
    }


def staff_email(stall: dict[str, Any]) -> str:
    return f"{stall['slug']}@bazaar.example"


def make_accounts(base: dict[str, Any], stalls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    people = [(each["email"], each["display_name"], ["shopper"]) for each in base["shoppers"]]
    people += [(each["email"], each["display_name"], ["operator"]) for each in base["operators"]]
    people += [(staff_email(stall), stall["name"], ["seller"]) for stall in stalls]
    return [make_account(*person, base["demo_password"]) for person in people]


def make_product(product: dict[str, Any], stall: dict[str, Any]) -> dict[str, Any]:
    sku = product["sku"]
    return {
        "id": stable_id("product", sku),
        "sku": sku,
        "slug": slugify(product["name"]),
        "name": product["name"],
        "description": one_line(product["description"]),
        "category": product.get("category", stall["category"]),
        "price_minor": product["price_minor"],
        "stock": product["stock"],
        "picture": f"pictures/{sku}.svg",
    }


def make_seller(stall: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": stable_id("seller", stall["slug"]),
        "slug": stall["slug"],
        "name": stall["name"],
        "tagline": stall["tagline"],
        "description": one_line(stall["description"]),
        "staff": [staff_email(stall)],
        "products": [make_product(product, stall) for product in stall["products"]],
    }


def make_market() -> dict[str, Any]:
    base = yaml.safe_load((DEMO / "base.yaml").read_text(encoding="utf-8"))
    stalls = read_stalls()
    return {
        "currency": base["currency"],
        "accounts": make_accounts(base, stalls),
        "categories": base["categories"],
        "sellers": [make_seller(stall) for stall in stalls],
    }


def as_text(market: dict[str, Any]) -> str:
    return HEADER + yaml.safe_dump(market, sort_keys=False, allow_unicode=True, width=110)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make demo/market.yaml from base.yaml and stalls/*.yaml.")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if the committed file differs"
    )
    arguments = parser.parse_args(argv)
    text = as_text(make_market())
    if not arguments.check:
        MARKET.write_text(text, encoding="utf-8")
    elif not MARKET.exists() or MARKET.read_text(encoding="utf-8") != text:
        print("demo/market.yaml is not what the stalls say; run: python -m demo.make_market", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
