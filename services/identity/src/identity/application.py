"""The composition root: what this service consists of, in the order in which it is put together."""

from typing import Any

from pyramid.config import Configurator
from pyramid.router import Router

from identity.keyring import Keyring
from identity.settings import Settings


def configure(settings: Settings) -> Configurator:
    config = Configurator(
        settings={"identity": settings, "identity.keyring": Keyring(settings.key_encryption_key)}
    )
    config.include("pyramid_services")
    # what every request passes
    config.include("identity.observability")
    config.include("identity.persistence")
    config.include("identity.limits")
    config.include("identity.problems")
    config.include("identity.security")
    config.include("identity.contract")
    # what the service is about
    config.include("identity.clock")
    config.include("identity.throttling")
    config.include("identity.tokens")
    config.include("identity.accounts")
    config.include("identity.sessions")
    config.include("identity.clients")
    return config


def create_app(settings: Settings, *overrides: Any) -> Router:
    """`overrides` are further includes, applied last: a test puts its clock in the place of the system's."""
    config = configure(settings)
    for override in overrides:
        config.commit()
        config.include(override)
    return config.make_wsgi_app()
