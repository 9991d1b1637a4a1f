"""Bodies have an end, also those that do not say beforehand how long they are.

Werkzeug refuses a Content-Length above MAX_CONTENT_LENGTH. A chunked body it cuts off there without a word,
and what is left is taken for the whole: so one byte more is let through, and who sent it is refused.
"""

from typing import Any

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

LARGEST_BODY = 64 * 1024


class SmallRequest(Request):
    def get_data(self, *args: Any, **kwargs: Any) -> Any:
        data = super().get_data(*args, **kwargs)
        if len(data) > LARGEST_BODY:
            raise RequestEntityTooLarge
        return data
