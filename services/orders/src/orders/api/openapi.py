"""FastAPI's OpenAPI document, and the one schema that it can't know: the problems'."""

from typing import Any

from fastapi import FastAPI

from orders.api.models import ProblemOut

_NAME = "Problem"
PROBLEM = f"#/components/schemas/{_NAME}"


def install(app: FastAPI) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        document["components"]["schemas"].setdefault(_NAME, ProblemOut.model_json_schema())
        return document

    app.openapi = openapi  # type: ignore[method-assign]
