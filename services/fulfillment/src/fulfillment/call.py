"""One RPC from the command line, by Nameko's standalone client: to look, to adjust stock, to try out."""

import json

from nameko.exceptions import RemoteError, UnknownService
from nameko.standalone.rpc import ClusterRpcProxy

from fulfillment.settings import Settings

WITHIN_SECONDS = 10


def call(settings: Settings, method: str, arguments: str) -> int:
    service, _, name = method.partition(".")
    config = {"AMQP_URI": settings.amqp_url, "rpc_exchange": settings.rpc_exchange}
    with ClusterRpcProxy(config, timeout=WITHIN_SECONDS) as services:
        try:
            answer, code = getattr(services[service], name)(**json.loads(arguments)), 0
        except RemoteError as error:
            answer, code = {"refused": error.exc_type, "because": error.value}, 1
        except UnknownService:
            answer, code = {"refused": "UnknownService", "because": f"nobody serves {service}"}, 1
    print(json.dumps(answer, indent=2))  # noqa: T201 a command's answer
    return code
