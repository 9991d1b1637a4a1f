"""POST /api/identity/oauth/token, RFC 6749 section 4.4. Refusals carry the RFC's `error` in the problem."""

from typing import Any

from pyramid.authentication import extract_http_basic_credentials
from pyramid.view import view_config

from identity.clients.interfaces import IServiceClients
from identity.clients.resources import TokenEndpoint
from identity.errors import InvalidClient, UnsupportedGrant

CLIENT_CREDENTIALS = "client_credentials"


@view_config(
    route_name="oauth.token", request_method="POST", permission="get-token", openapi=True, renderer="json"
)
def token(_context: TokenEndpoint, request: Any) -> dict[str, Any]:
    if request.openapi_validated.body["grant_type"] != CLIENT_CREDENTIALS:
        raise UnsupportedGrant("Only client_credentials is supported.")
    credentials = extract_http_basic_credentials(request)
    if credentials is None:
        raise InvalidClient("HTTP Basic with the client's name and secret is required.")
    clients: IServiceClients = request.find_service(IServiceClients, context=None)
    granted = clients.token_for(credentials.username, credentials.password, request.client_addr)
    return {"access_token": granted.token, "token_type": "Bearer", "expires_in": granted.expires_in}
