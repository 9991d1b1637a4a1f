"""What several component tests do to the databases."""

from typing import Any
from uuid import uuid4

from fulfillment.inventory import stock
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session


def add_product(engine: Engine, pieces: int) -> str:
    product_id = uuid4()
    with Session(engine) as session, session.begin():
        stock.add_product(session, product_id)
        if pieces:
            stock.adjust(session, f"test:{product_id}", product_id, pieces, "test")
    return str(product_id)


def rows(engine: Engine, statement: str, **values: Any) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(statement), values).mappings()]
