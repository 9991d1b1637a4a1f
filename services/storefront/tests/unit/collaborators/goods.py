"""What the doubles' market sells."""

from typing import Any

STALL = {
    "id": "0a1b2c3d-0000-4000-8000-000000000001",
    "slug": "kiln-street",
    "name": "Kiln Street Pottery",
    "tagline": "Pots",
    "description": "All thrown by hand.",
}
CATEGORY = {"slug": "ceramics", "name": "Ceramics", "tax_rate_bp": 1900}
TEAPOT, BOWL = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def product(product_id: str, name: str, price_minor: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": product_id,
        "sku": f"KS-{product_id[:3]}",
        "slug": name.lower(),
        "name": name,
        "description": f"A {name}.",
        "seller": {name: STALL[name] for name in ("id", "slug", "name")},
        "category": {"slug": "ceramics", "name": "Ceramics"},
        "price_minor": price_minor,
        "currency": "EUR",
        "tax_rate_bp": 1900,
        "picture_url": f"/api/catalog/pictures/{product_id}",
        "available": 7,
        "rating": {"count": 0, "average": None},
        "status": "active",
        "version": 1,
        "created_at": "2026-11-01T00:00:00Z",
        "updated_at": "2026-11-01T00:00:00Z",
    } | changes
