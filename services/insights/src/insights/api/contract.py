"""The OpenAPI document. Faust makes none; a test holds this one to the routes, and answers to its schemas."""

from functools import cache
from http import HTTPStatus
from typing import Any

from bazaar_shared.problems import CONTENT_TYPE
from insights.buckets import FUNNEL_HOURS
from insights.streams.clicks import STEPS

PREFIX = "/api/insights"

_JSON = "application/json"
_ID = {"type": "string", "format": "uuid"}
_TIME = {"type": "string", "format": "date-time"}
_COUNT = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}
_CURRENCY = {"type": "string", "pattern": "^[A-Z]{3}$"}


@cache
def document() -> dict[str, Any]:
    bearer = "An access token of identity"
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bazaar insights",
            "version": "1",
            "description": "What the market's streams add up to. Money is in minor units, times are in UTC.",
        },
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": bearer}},
        },
    }


def _paths() -> dict[str, Any]:
    return {
        f"{PREFIX}/trending": _get(
            "getTrending",
            "What is looked at, put into baskets and bought now",
            "Trending",
            [_whole("limit", 12, 50)],
            public=True,
            description="Of each product the clicks of the last half hour, at least of its last 25 minutes: "
            "a view counts 1, an add 3, a buy 10.",
        ),
        f"{PREFIX}/sellers/{{seller_id}}/revenue": _get(
            "getRevenue",
            "A seller's revenue and orders, minute by minute",
            "Revenue",
            [
                {"name": "seller_id", "in": "path", "required": True, "schema": _ID},
                _whole("minutes", 60, 1440),
            ],
            (404,),
            description="For those who work there, and operators. An order counts in the minute in which it "
            "was confirmed, until it is refunded. Minutes before `sealed_before` take no more orders: one "
            "that is told later is in `total` only.",
        ),
        f"{PREFIX}/funnel": _get(
            "getFunnel",
            "How far visits go",
            "Funnel",
            [_whole("hours", 24, FUNNEL_HOURS)],
            (403,),
            description="For operators. Visits that began in the last hours; `share` is of all of them.",
        ),
        f"{PREFIX}/baskets/abandoned": _get(
            "getAbandonedBaskets",
            "Baskets that stand full and untouched",
            "Abandoned",
            [_whole("minutes", 60, 44640)],
            (403,),
            description="For operators. Open ones with something in them, members' and guests'.",
        ),
        f"{PREFIX}/alerts": _get(
            "getAlerts",
            "Unusual orders, newest first",
            "AlertPage",
            [_whole("limit", 20, 100), {"name": "cursor", "in": "query", "required": False, "schema": _TEXT}],
            (400, 403),
            description="For operators.",
        ),
    }


def _get(
    operation_id: str,
    summary: str,
    answer: str,
    parameters: list[dict[str, Any]],
    problems: tuple[int, ...] = (),
    *,
    public: bool = False,
    description: str,
) -> dict[str, Any]:
    statuses = sorted({*problems, 422, 503, *(() if public else (401,))})
    return {
        "get": {
            "operationId": operation_id,
            "summary": summary,
            "description": description,
            "tags": ["insights"],
            "security": [] if public else [{"bearer": []}],
            "parameters": parameters,
            "responses": {"200": _answer(200, _JSON, answer)}
            | {str(status): _answer(status, CONTENT_TYPE, "Problem") for status in statuses},
        }
    }


def _answer(status: int, kind: str, schema: str) -> dict[str, Any]:
    return {"description": HTTPStatus(status).phrase, "content": {kind: {"schema": _ref(schema)}}}


def _ref(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}


def _whole(name: str, default: int, most: int) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _schemas() -> dict[str, Any]:
    problem = {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}}
    return {
        "Trending": _object(items=_list(_ref("TrendingProduct")), window_seconds=_COUNT, as_of=_TIME),
        "TrendingProduct": _object(product_id=_ID, score=_COUNT, views=_COUNT, adds=_COUNT, buys=_COUNT),
        "Revenue": _object(
            seller_id=_ID,
            currency=_CURRENCY,
            as_of=_TIME,
            sealed_before=_TIME,
            minutes=_list(_ref("RevenueMinute")),
            total=_ref("RevenueTotal"),
        ),
        "RevenueMinute": _object(minute=_TIME, orders=_COUNT, revenue_minor=_COUNT),
        "RevenueTotal": _object(orders=_COUNT, revenue_minor=_COUNT),
        "Funnel": _object(hours=_COUNT, steps=_list(_ref("FunnelStep")), as_of=_TIME),
        "FunnelStep": _object(
            step={"enum": list(STEPS)}, sessions=_COUNT, share={"type": "number", "minimum": 0, "maximum": 1}
        ),
        "Abandoned": _object(open=_COUNT, abandoned=_COUNT, abandoned_value_minor=_COUNT, currency=_CURRENCY),
        "AlertPage": _object(items=_list(_ref("Alert")), next_cursor={"type": ["string", "null"]}),
        "Alert": _object(
            alert_id=_ID,
            order_id=_ID,
            shopper_id=_ID,
            rule=_TEXT,
            severity={"enum": ["info", "warning", "critical"]},
            detail=_TEXT,
            at=_TIME,
        ),
        "Problem": {
            "type": "object",
            "required": list(problem),
            "properties": problem
            | {"detail": _TEXT, "trace_id": {"type": ["string", "null"]}, "errors": {"type": "array"}},
        },
    }
