"""OpenAPI first: openapi.yaml makes the routes, pyramid_openapi3 holds requests and answers to it.

What stands here is what the extension leaves to us: strict JSON, and errors in the market's own shape.
"""

from typing import Any

from bazaar_shared.problems import CONTENT_TYPE
from identity.contract.specification import SPECIFICATION
from identity.contract.strict_json import strict_json


def includeme(config: Any) -> None:
    config.include("pyramid_openapi3")
    config.pyramid_openapi3_add_deserializer("application/json", strict_json)
    config.pyramid_openapi3_add_deserializer(CONTENT_TYPE, strict_json)
    config.pyramid_openapi3_spec(str(SPECIFICATION), route="/api/identity/openapi.yaml")
    config.pyramid_openapi3_register_routes()
    config.add_route(
        "openapi.json", "/api/identity/openapi.json", factory="identity.tokens.resources.PublicKeys"
    )
    config.scan(".views")
