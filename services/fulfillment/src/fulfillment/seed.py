"""The demo market's stock, loaded by adjustments whose ids make a second run change nothing."""

from logging import getLogger
from typing import Any
from uuid import UUID

import yaml

from fulfillment.inventory import stock
from fulfillment.migrate import migrate
from fulfillment.settings import Settings
from fulfillment.storage import open_database, sessions

log = getLogger(__name__)


def seed(settings: Settings) -> None:
    assert settings.demo_dir  # noqa: S101 `load` has required it
    market = yaml.safe_load((settings.demo_dir / "market.yaml").read_text(encoding="utf-8"))
    products = [product for seller in market["sellers"] for product in seller["products"]]
    if settings.migrate_on_start:
        migrate(settings.databases)
    engine = open_database(settings.databases["inventory"], connections=1)
    database = sessions(engine)
    try:
        for product in products:
            with database.begin() as session:  # short ones: checkouts may run meanwhile
                load_product(session, product)
    finally:
        engine.dispose()
    log.info("stock loaded", extra={"products": len(products)})


def load_product(session: Any, product: dict[str, Any]) -> None:
    product_id = UUID(product["id"])
    stock.add_product(session, product_id)  # the product's event may not have arrived yet
    if product["stock"]:
        stock.adjust(session, f"seed:{product_id}", product_id, product["stock"], "opening day")
