"""The OpenAPI document, served."""

from typing import Any

from chat.web.base import BaseHandler


def document() -> dict[str, Any]:
    return {}


class DocumentHandler(BaseHandler):
    def get(self) -> None:
        self.answer(document())
