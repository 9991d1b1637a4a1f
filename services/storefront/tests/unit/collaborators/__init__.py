"""Doubles of the storefront's collaborators: a real HTTP server on 127.0.0.1 that speaks their contracts.

One server answers for all of them, by the paths' prefixes; what it holds is plain data that a test changes.
That the real services speak these contracts as well is shown by tests/contract and tests/e2e.
"""

# importing a double makes its routes known
from tests.unit.collaborators import basket, catalog, chat, identity, insights, orders, reviews
from tests.unit.collaborators.goods import BOWL, STALL, TEAPOT, product
from tests.unit.collaborators.insights import trend
from tests.unit.collaborators.market import Answer, Collaborators, Request, refusal
from tests.unit.collaborators.orders import entry, order
from tests.unit.collaborators.server import serving

__all__ = [
    "BOWL",
    "STALL",
    "TEAPOT",
    "Answer",
    "Collaborators",
    "Request",
    "basket",
    "catalog",
    "chat",
    "entry",
    "identity",
    "insights",
    "order",
    "orders",
    "product",
    "refusal",
    "reviews",
    "serving",
    "trend",
]
