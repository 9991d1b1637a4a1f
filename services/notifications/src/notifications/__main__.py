"""python -m notifications <command>."""

import argparse
import logging
import sys
from collections.abc import Callable, Mapping
from importlib import import_module

from bazaar_shared import logs, telemetry
from bazaar_shared.settings import SettingsError
from notifications import SERVICE
from notifications.settings import Settings, load

COMMANDS: Mapping[str, str] = {
    "worker": "Celery's worker: writes and sends mails, draws pictures (default)",
    "beat": "Celery's beat: sends the scans that find what is due",
    "consume": "turn what Kafka tells into intents",
    "flower": "a page to look at workers and tasks",
    "migrate": "bring the schema up to date, then end",
    "export": "print the books, one JSON object a line",
    "replay-dead-letters": "bring back what was laid aside: in Kafka, in RabbitMQ, in the database",
    "render": "show a mail made of samples: render order_confirmed --format html|text|pdf|eml",
}
_RUNS = {
    "worker": "notifications.processes.worker:run",
    "beat": "notifications.processes.beat:run",
    "consume": "notifications.processes.consume:run",
    "flower": "notifications.processes.flower:run",
    "migrate": "notifications.migrate:run",
    "export": "notifications.books:export",
    "replay-dead-letters": "notifications.processes.replay:run",
}

# they name each plugin, each table of a font, each task with its result; of the rows we tell ourselves
_TALKATIVE = (
    "alembic.runtime.plugins",
    "celery.app.trace",
    "celery.beat",
    "celery.worker.strategy",
    "fontTools",
    "fpdf",
)


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    if asked.command == "render":
        from notifications.mails.samples import show

        return show(asked.template, asked.format, asked.out)
    try:
        settings = load()
    except SettingsError as error:
        print(f"{SERVICE}: {error}", file=sys.stderr)
        return 2
    if asked.command == "export":
        # stdout is the books'
        logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    else:
        logs.configure(SERVICE, settings.process_name, settings.log_level)
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
    telemetry.configure(SERVICE, settings.process_name)
    return _run(asked.command)(settings)


def _run(command: str) -> Callable[[Settings], int]:
    module, _, name = _RUNS[command].partition(":")
    run: Callable[[Settings], int] = getattr(import_module(module), name)
    return run


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {SERVICE}",
        description="Bazaar's mails, invoices, reports. Settings come from the environment: see README.md.",
    )
    commands = parser.add_subparsers(dest="command", metavar="command")
    for name, text in COMMANDS.items():
        one = commands.add_parser(name, help=text, description=text)
        if name == "render":
            one.add_argument("template")
            one.add_argument("--format", choices=["html", "text", "pdf", "eml"], default="html")
            one.add_argument("--out", help="a file; else stdout")
    parser.set_defaults(command="worker")
    return parser


if __name__ == "__main__":
    sys.exit(main())
