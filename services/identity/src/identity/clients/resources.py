from typing import Any, ClassVar

from pyramid.authorization import Allow, Everyone


class TokenEndpoint:
    """Open: who asks proves who they are by HTTP Basic, not by a token."""

    __acl__: ClassVar = [(Allow, Everyone, "get-token")]

    def __init__(self, request: Any) -> None:
        pass
