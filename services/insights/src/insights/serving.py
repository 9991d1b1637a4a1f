"""`python -m insights serve`: the topics first, then Faust's worker, with the management port beside both."""

import asyncio
import gc
import logging
import signal

import faust

from bazaar_shared.management import Health, Management
from insights.api import views
from insights.app import create_app
from insights.provision import WrongTopics, wait_for_topics
from insights.settings import Settings

logger = logging.getLogger(__name__)


def serve(settings: Settings) -> int:
    health = Health("kafka", "tables", "streams")
    health.set("streams", state=True)
    management = Management(
        settings.management_host, settings.management_port, live=health.alive, ready=health.checks
    )
    management.start()
    try:
        if asyncio.run(_topics_are_there(settings, health)):
            _work(settings, health)
    except WrongTopics as error:
        logger.critical("the topics do not fit the tables", extra={"reason": str(error)})
        return 2
    finally:
        management.stop()
    return 0


async def _topics_are_there(settings: Settings, health: Health) -> bool:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return await wait_for_topics(settings.kafka_bootstrap_servers, settings.topology, health, stop)


def _work(settings: Settings, health: Health) -> None:
    """Until a signal: requests are finished, offsets committed. A crash raises, and ends with status 1."""
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    app, _, tables = create_app(settings, health)
    views.install(app, tables)
    worker = faust.Worker(
        app,
        quiet=True,
        override_logging=False,
        redirect_stdouts=False,
        workdir=settings.state_dir,
        loop=asyncio.new_event_loop(),
    )
    asyncio.set_event_loop(worker.loop)
    # it would draw on stdout, which is the log's
    worker.spinner = None
    # Faust collects garbage for each table at a rebalance, while no heartbeat leaves: what is there stays
    gc.freeze()
    app.worker_init()
    app.worker_init_post_autodiscover()
    worker.execute_from_commandline()
