"""Bodies larger than any request of ours are refused before anything reads them."""

from collections.abc import Callable
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.tweens import EXCVIEW, INGRESS

from bazaar_shared.problems import Problem
from identity.problems import answer

LARGEST_BODY = 64 * 1024


class SmallRequest(Request):
    # pyramid_retry keeps the body to send it through again: in memory, for ours are small, not in a file
    request_body_tempfile_limit = 1024 * 1024 + 1


def body_limit_tween_factory(handler: Callable[[Any], Response], _registry: Any) -> Callable[[Any], Response]:
    def refuse_large_bodies(request: Any) -> Response:
        # waitress has read the body, chunked or not, and tells its length
        if (request.content_length or 0) > LARGEST_BODY:
            return answer(Problem.of("body-too-large", f"At most {LARGEST_BODY} bytes."))
        return handler(request)

    return refuse_large_bodies


def includeme(config: Any) -> None:
    config.set_request_factory(SmallRequest)
    config.add_tween(
        "identity.limits.body_limit_tween_factory",
        under=[INGRESS, "identity.observability.observation_tween_factory"],
        over=["pyramid_tm.tm_tween_factory", EXCVIEW],
    )
