from typing import Any

from pyramid.authorization import ACLHelper, Authenticated, Everyone
from pyramid.interfaces import ISecurityPolicy
from pyramid.request import RequestLocalCache
from zope.interface import implementer

from identity.security.interfaces import IAuthenticator, Identity, NotAuthentic


@implementer(ISecurityPolicy)
class BearerSecurityPolicy:
    def __init__(self) -> None:
        self._acl = ACLHelper()
        self._identities = RequestLocalCache(self._identify)

    def _identify(self, request: Any) -> Identity | None:
        scheme, token = request.authorization or ("", "")
        if scheme.lower() != "bearer":
            return None
        authenticator: IAuthenticator = request.find_service(IAuthenticator, context=None)
        try:
            return authenticator.authenticate(token)
        except NotAuthentic as refusal:
            # A bad token is no identity, and no error: public views stay open, others challenge with this.
            request.environ["identity.token_refused"] = str(refusal)
            return None

    def identity(self, request: Any) -> Identity | None:
        found: Identity | None = self._identities.get_or_create(request)
        return found

    def authenticated_userid(self, request: Any) -> str | None:
        identity = self.identity(request)
        return identity.subject if identity else None

    def permits(self, request: Any, context: Any, permission: str) -> Any:
        principals = {Everyone}
        if identity := self.identity(request):
            principals |= {Authenticated, *identity.principals}
        return self._acl.permits(context, principals, permission)

    def remember(self, request: Any, userid: str, **kw: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        return []  # tokens are carried by the client, there is no cookie to set

    def forget(self, request: Any, **kw: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        return []
