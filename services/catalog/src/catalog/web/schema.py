"""What drf-spectacular can't see: our list shape, our refusals, and the one view that is not DRF's."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import extend_schema_serializer, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS

from bazaar_shared.problems import CONTENT_TYPE
from catalog.web.permissions import IsStallStaffOrReadOnly


class Schema(AutoSchema):
    def get_auth(self) -> list[dict[str, Any]]:
        """Where anybody reads, no token is fine; but one that is sent must be good."""
        needed = super().get_auth()
        permissions = self.view.get_permissions()
        open_to_all = any(isinstance(permission, IsStallStaffOrReadOnly) for permission in permissions)
        return [{}, *needed] if open_to_all and self.method in SAFE_METHODS else needed


def page_of(item: type[Any], **more: Any) -> Any:
    name = item.__name__.removesuffix("Serializer")
    kind = "Batch" if more else "Page"
    page = inline_serializer(
        f"{name}{kind}",
        {"items": item(many=True), "next_cursor": serializers.CharField(allow_null=True), **more},
    )
    # not the list of pages that it takes a list action's serializer for
    return extend_schema_serializer(many=False)(type(page))


FIELD_ERROR = {
    "type": "object",
    "required": ["field", "code", "message"],
    "properties": {name: {"type": "string"} for name in ("field", "code", "message")},
}
PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "trace_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "trace_id": {"type": ["string", "null"]},
        "errors": {"type": "array", "items": FIELD_ERROR},
        "current_version": {"type": "integer", "description": "With a 412: the version that it has by now."},
    },
}
REFUSAL = {
    "description": "Refused.",
    "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
PICTURE = {
    "get": {
        "operationId": "pictures_retrieve",
        "description": "A picture's bytes. Its id is made from them, so it may be kept for ever.",
        "parameters": [
            {"in": "path", "name": "id", "required": True, "schema": {"type": "string", "format": "uuid"}}
        ],
        "tags": ["pictures"],
        "security": [{}, {"bearer": []}],
        "responses": {
            "200": {
                "description": "The picture.",
                "content": {kind: {"schema": {"type": "string"}} for kind in ("image/svg+xml", "image/png")},
            },
            "304": {"description": "It is the one of If-None-Match."},
        },
    }
}


def complete(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """A post-processing hook of drf-spectacular."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM
    result["paths"]["/api/catalog/pictures/{id}"] = PICTURE
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"]["default"] = REFUSAL
    return result
