"""Limits on failed attempts, shared by all replicas."""

from typing import Any

from identity.clock import IClock
from identity.persistence import ISecurityUnit
from identity.throttling.interfaces import IThrottle
from identity.throttling.service import Throttle


def throttle(_context: Any, request: Any) -> Throttle:
    return Throttle(
        request.find_service(ISecurityUnit, context=None),
        request.registry.settings["identity.keyring"],
        request.find_service(IClock, context=None),
    )


def includeme(config: Any) -> None:
    config.register_service_factory(throttle, IThrottle)
