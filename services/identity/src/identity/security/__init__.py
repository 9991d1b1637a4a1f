"""Authentication by bearer token, authorisation by the ACLs of resources, closed unless a view says otherwise."""

from typing import Any

from identity.security.policy import BearerSecurityPolicy


def includeme(config: Any) -> None:
    config.set_security_policy(BearerSecurityPolicy())
    # A view without a permission of its own asks for this one, and no ACL grants it: nothing is open by accident.
    config.set_default_permission("granted-to-nobody")
