from typing import Any, ClassVar

from pyramid.authorization import Allow, Everyone


class PublicKeys:
    __acl__: ClassVar = [(Allow, Everyone, "view")]

    def __init__(self, request: Any) -> None:
        pass
