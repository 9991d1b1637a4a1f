"""Signing in and out, refreshing, and the sessions that come from it."""

from typing import Any

from identity.accounts.interfaces import IAccounts, IPasswordHasher
from identity.clock import IClock
from identity.persistence import ISecurityUnit
from identity.security.interfaces import IAuthenticator
from identity.sessions.authentication import Authenticator
from identity.sessions.interfaces import IPasswordCheck, ISessions
from identity.sessions.passwords import PasswordCheck
from identity.sessions.service import Sessions
from identity.throttling.interfaces import IThrottle
from identity.tokens.interfaces import ITokenIssuer


def sessions(_context: Any, request: Any) -> Sessions:
    registered = request.registry.settings
    return Sessions(
        request.db,
        request.find_service(ISecurityUnit, context=None),
        request.find_service(ITokenIssuer, context=None),
        registered["identity.keyring"],
        registered["identity"],
        request.find_service(IClock, context=None).now(),
    )


def password_check(_context: Any, request: Any) -> PasswordCheck:
    return PasswordCheck(
        request.find_service(IAccounts, context=None),
        request.find_service(IPasswordHasher, context=None),
        request.find_service(IThrottle, context=None),
    )


def authenticator(_context: Any, request: Any) -> Authenticator:
    return Authenticator(
        request.find_service(ITokenIssuer, context=None), request.find_service(ISessions, context=None)
    )


def includeme(config: Any) -> None:
    config.register_service_factory(sessions, ISessions)
    config.register_service_factory(password_check, IPasswordCheck)
    config.register_service_factory(authenticator, IAuthenticator)
    config.scan(".views")
