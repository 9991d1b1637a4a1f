"""A minimal Nameko service.

On a classic queue it is Nameko as it comes. On a quorum queue it is the market's way: fulfillment's `@rpc`,
with its delivery limit, dead letters and deadlines.
"""

import eventlet

eventlet.monkey_patch()  # before anything that imports socket, ssl or threading for itself

from typing import Any  # noqa: E402

from fulfillment.extensions.rpc import rpc as quorum_rpc  # noqa: E402
from nameko.containers import ServiceContainer  # noqa: E402
from nameko.rpc import rpc as nameko_rpc  # noqa: E402

from tools.bench.rpc.window import PREFETCH, Given, given  # noqa: E402


def echo(name_: str, entrypoint: Any) -> type:
    class Echo:
        name = name_

        @entrypoint  # type: ignore[untyped-decorator]
        def echo(self, order: dict[str, Any]) -> dict[str, Any]:
            return order

    return Echo


def configured(what: Given) -> dict[str, Any]:
    # the same as fulfillment's settings make it
    return {"AMQP_URI": what.url, "HEARTBEAT": 10, "serializer": "json", "max_workers": PREFETCH}


def serve(what: Given) -> None:
    entrypoint = quorum_rpc if what.queue_type == "quorum" else nameko_rpc
    container = ServiceContainer(echo(what.service, entrypoint), configured(what))
    container.start()  # returns when it consumes
    print("ready", flush=True)
    container.wait()


if __name__ == "__main__":
    serve(given()[1])
