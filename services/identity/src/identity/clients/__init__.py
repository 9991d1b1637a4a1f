"""Service accounts."""

from typing import Any

from identity.clients.interfaces import IServiceClients
from identity.clients.service import ServiceClients
from identity.throttling.interfaces import IThrottle
from identity.tokens.interfaces import ITokenIssuer


def service_clients(_context: Any, request: Any) -> ServiceClients:
    return ServiceClients(
        request.db,
        request.find_service(ITokenIssuer, context=None),
        request.find_service(IThrottle, context=None),
    )


def includeme(config: Any) -> None:
    config.register_service_factory(service_clients, IServiceClients)
    config.scan(".views")
