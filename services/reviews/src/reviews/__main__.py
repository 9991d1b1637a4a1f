"""python -m reviews <command>: Flask's own command line, with the commands that all services share."""

import json
import sys
from pathlib import Path

import click
from flask import Flask
from flask.cli import ScriptInfo, routes_command, shell_command, with_appcontext

from bazaar_shared import logs, telemetry
from bazaar_shared.settings import MissingSetting, SettingsError
from reviews import SERVICE
from reviews.settings import Settings, load


def _app() -> Flask:
    from reviews.app import create_app

    return create_app(load())


@click.group(invoke_without_command=True)
@click.pass_context
def cli(context: click.Context) -> None:
    """Reviews and ratings of what was bought; without a command: serve."""
    if context.invoked_subcommand is None:
        context.invoke(serve)


# Flask's own two that are of use here; its `run` is the development server
cli.add_command(shell_command)
cli.add_command(routes_command)


def _begin(command: str, *, quiet: bool = False) -> Settings:
    """Settings, and logs as JSON lines; `quiet` where the command's own lines stand alone on stdout."""
    settings = load(SERVICE if command == "serve" else f"{SERVICE}-{command}")
    if not quiet:
        logs.configure(SERVICE, settings.process_name, settings.log_level)
    telemetry.configure(SERVICE, settings.process_name)
    return settings


@cli.command()
def serve() -> None:
    """Answer HTTP requests: the API and the moderation pages (the default)."""
    from reviews.server import serve as run

    run(_begin("serve"))


@cli.command()
def relay() -> None:
    """Send the outbox's events to Kafka."""
    from reviews.loops import relay as run

    run(_begin("relay"))


@cli.command()
def consume() -> None:
    """Follow orders.order: who received what."""
    from reviews.loops import consume as run

    run(_begin("consume"))


@cli.command("replay-dead-letters")
def replay_dead_letters() -> None:
    """Handle again what was put aside in dead-letter.reviews."""
    from reviews.loops import replay as run

    run(_begin("replay-dead-letters"))


@cli.command()
def migrate() -> None:
    """Bring the schema up to date, under a lock."""
    from reviews.migrate import migrate as run

    run(_begin("migrate").database_url)


@cli.command()
@with_appcontext
def seed() -> None:
    """Load the demo market's reviews from DEMO_DIR; harmless when they are loaded already."""
    from reviews.commands.seed import seed as run
    from reviews.extensions import db
    from reviews.migrate import migrate_when_possible

    settings = _begin("seed")
    folder: Path | None = settings.demo_dir
    if folder is None:
        raise MissingSetting("DEMO_DIR")
    if settings.migrate_on_start:
        migrate_when_possible(settings.database_url, stopping=lambda: False, tell=lambda _: None)
    with db.session.begin():
        added = run(db.session, folder)
    click.echo(f"reviews: {added} reviews added")


@cli.command()
@with_appcontext
def export() -> None:
    """Print the books as NDJSON: a line for each review and each product's ratings."""
    from reviews.commands.export import export as run
    from reviews.extensions import db

    _begin("export", quiet=True)
    run(db.session, sys.stdout)


@cli.command()
@click.option("--repair", is_flag=True, help="Put right what differs.")
@with_appcontext
def recount(*, repair: bool) -> None:
    """Count all ratings anew and compare them with the summaries; exits with 1 when they differ."""
    from reviews.commands.recount import recount as run
    from reviews.extensions import db

    _begin("recount", quiet=True)
    with db.session.begin():
        differences = list(run(db.session, repair=repair))
    for difference in differences:
        click.echo(json.dumps(difference))
    sys.exit(1 if differences and not repair else 0)


@cli.command()
def openapi() -> None:
    """Print the contract; needs no settings and no server."""
    from reviews.api import blueprint
    from reviews.api.openapi import of_blueprint

    click.echo(json.dumps(of_blueprint(blueprint), indent=2, ensure_ascii=False))


def main() -> None:
    try:
        # not a FlaskGroup: that would load the app, and so want settings, for --help as well
        cli(prog_name="python -m reviews", obj=ScriptInfo(create_app=_app))
    except SettingsError as error:
        sys.exit(f"{SERVICE}: {error}")


if __name__ == "__main__":
    main()
