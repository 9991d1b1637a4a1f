"""A caller of Nameko by its own standalone proxy, in an ordinary program that blocks."""

from __future__ import annotations

from collections.abc import Callable

from nameko.standalone.rpc import ServiceRpcProxy

from tools.bench.rpc.window import ANSWER, ORDER, Given, Window, given, keep_calling


def call(what: Given) -> None:
    config = {"AMQP_URI": what.url, "serializer": "json"}
    with ServiceRpcProxy(what.service, config, timeout=ANSWER) as service:

        def start() -> Callable[[], object]:
            result: Callable[[], object] = service.echo.call_async(order=ORDER).result
            return result

        keep_calling(start, Window(what.warm_up, what.seconds), what.in_flight)


if __name__ == "__main__":
    call(given()[1])
