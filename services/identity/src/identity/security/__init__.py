"""Authentication by bearer token, authorisation by the ACLs of resources; closed unless a view is opened."""

from typing import Any

from pyramid.events import NewResponse

from identity.security.policy import BearerSecurityPolicy


def keep_private(event: NewResponse) -> None:
    """What this service says is for the caller alone; the public key set says otherwise itself."""
    event.response.headers.setdefault("Cache-Control", "no-store")
    event.response.headers.setdefault("X-Content-Type-Options", "nosniff")


def includeme(config: Any) -> None:
    config.add_subscriber(keep_private, NewResponse)
    config.set_security_policy(BearerSecurityPolicy())
    # A view that names no permission asks for this one, which no ACL grants: nothing is open by accident.
    config.set_default_permission("granted-to-nobody")
