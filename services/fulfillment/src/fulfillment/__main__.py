"""python -m fulfillment <command>"""

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Mapping

from bazaar_shared.settings import SettingsError
from fulfillment.settings import NAMEKO_SERVICES, OUTBOXES, Settings, load

COMMANDS = {
    "serve": "the Nameko services named in SERVICES (default: all four) in one process",
    "inventory": "serve the stock service",
    "payments": "serve the payment service",
    "shipping": "serve the shipping service",
    "processor": "serve the test payment processor",
    "relay": "send the three outboxes' events to Kafka",
    "consume": "give new products of catalog.product a stock record",
    "migrate": "bring the databases to their newest schema",
    "seed": "load the demo market's stock (harmless to repeat)",
    "export": "print the books as NDJSON",
    "compare": "compare our books of payments with the processor's; exits with 1 when they differ",
    "call": "call one RPC: inventory.get_stock '{\"product_ids\": []}'",
    "replay-dead-letters": "handle again what was put aside: events, and with --rpc the queues' messages",
}


def main(arguments: list[str] | None = None, env: Mapping[str, str] = os.environ) -> int:
    # ADR 0041 says it once; a line on stderr at each start that is no JSON would say it to nobody
    warnings.filterwarnings("ignore", message="\nEventlet is deprecated")
    parser = argparse.ArgumentParser(
        prog="python -m fulfillment", description="Bazaar's stock, money and parcels"
    )
    commands = parser.add_subparsers(dest="command", metavar="command")
    for name, help_text in COMMANDS.items():
        command = commands.add_parser(name, help=help_text, description=help_text)
        if name == "call":
            command.add_argument("method", help="service.method")
            command.add_argument("arguments", help="the keyword arguments as a JSON object")
        if name == "replay-dead-letters":
            command.add_argument(
                "--rpc", action="store_true", help="the dead letters of the RPC queues instead"
            )
    options = parser.parse_args(arguments)
    try:
        return run(options.command or "serve", options, env)
    except SettingsError as error:
        print(f"fulfillment: {error}", file=sys.stderr)
        return 2


def run(command: str, options: argparse.Namespace, env: Mapping[str, str]) -> int:
    if command == "serve" or command in NAMEKO_SERVICES:
        return run_services(command, env)
    return OTHERS[command](options, env)


def run_services(command: str, env: Mapping[str, str]) -> int:
    named = env.get("SERVICES", ",".join(NAMEKO_SERVICES)) if command == "serve" else command
    services = tuple(name.strip() for name in named.split(",") if name.strip())
    needs = [] if services == ("processor",) else ["AMQP_URL"]
    if "payments" in services:
        needs.append("PROCESSOR_URL")
    settings = load(env, command, databases=services, needs=needs, services=services)
    from fulfillment.serve import serve  # patches the process: only a Nameko process may import it

    return serve(settings)


def run_relay(_options: argparse.Namespace, env: Mapping[str, str]) -> int:
    from fulfillment.relay import relay

    return relay(load(env, "relay", databases=OUTBOXES, needs=["KAFKA_BOOTSTRAP_SERVERS"]))


def run_consume(_options: argparse.Namespace, env: Mapping[str, str]) -> int:
    from fulfillment.consume import consume

    return consume(load(env, "consume", databases=["inventory"], needs=["KAFKA_BOOTSTRAP_SERVERS"]))


def run_migrate(_options: argparse.Namespace, env: Mapping[str, str]) -> int:
    from fulfillment.migrate import migrate

    migrate(_with_logs(load(env, "migrate", databases=NAMEKO_SERVICES)).databases)
    return 0


def run_seed(_options: argparse.Namespace, env: Mapping[str, str]) -> int:
    from fulfillment.seed import seed

    seed(_with_logs(load(env, "seed", databases=["inventory"], needs=["DEMO_DIR"])))
    return 0


def run_export(_options: argparse.Namespace, env: Mapping[str, str]) -> int:
    from fulfillment.export import export

    export(load(env, "export", databases=NAMEKO_SERVICES), sys.stdout)
    return 0


def run_compare(_options: argparse.Namespace, env: Mapping[str, str]) -> int:
    from fulfillment.payments.compare import compare

    return compare(load(env, "compare", databases=["payments"], needs=["PROCESSOR_URL"]), sys.stdout)


def run_call(options: argparse.Namespace, env: Mapping[str, str]) -> int:
    from fulfillment.call import call

    return call(load(env, "call", needs=["AMQP_URL"]), options.method, options.arguments)


def run_replay(options: argparse.Namespace, env: Mapping[str, str]) -> int:
    if options.rpc:
        from fulfillment.dead_letters import replay_rpc

        return replay_rpc(_with_logs(load(env, "replay-dead-letters", needs=["AMQP_URL"])))
    from fulfillment.consume import replay

    return replay(
        load(env, "replay-dead-letters", databases=["inventory"], needs=["KAFKA_BOOTSTRAP_SERVERS"])
    )


def _with_logs(settings: Settings) -> Settings:
    from bazaar_shared import logs

    logs.configure("fulfillment", settings.process_name, settings.log_level)
    return settings


OTHERS: dict[str, Callable[[argparse.Namespace, Mapping[str, str]], int]] = {
    "relay": run_relay,
    "consume": run_consume,
    "migrate": run_migrate,
    "seed": run_seed,
    "export": run_export,
    "compare": run_compare,
    "call": run_call,
    "replay-dead-letters": run_replay,
}

if __name__ == "__main__":
    sys.exit(main())
