from typing import Any

from pyramid.view import view_config

from identity.tokens.interfaces import ISigningKeys
from identity.tokens.resources import PublicKeys


@view_config(route_name="jwks", request_method="GET", permission="view", openapi=True, renderer="json")
def jwks(_context: PublicKeys, request: Any) -> dict[str, Any]:
    settings = request.registry.settings["identity"]
    # rotate() waits exactly this long before a new key signs: cached copies are never too old to verify.
    request.response.cache_control = f"public, max-age={int(settings.jwks_cache.total_seconds())}"
    keys: ISigningKeys = request.find_service(ISigningKeys, context=None)
    return keys.jwks()
