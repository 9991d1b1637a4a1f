"""The composition root: topics, tables, agents and views make one Faust application."""

from pathlib import Path
from typing import Any

from bazaar_shared.management import Health
from insights import expiry
from insights.acknowledged import Insights
from insights.api.middleware import observed
from insights.rules import rules
from insights.sensor import PrometheusSensor
from insights.settings import Settings
from insights.streams import alerts, baskets, clicks, orders, products, replay, sales
from insights.tables import Tables
from insights.topics import EventTopic, Topics
from insights.topology import PARTITIONS

STORE = "rocksdb://"


def create_app(settings: Settings, health: Health, *, store: str = STORE) -> tuple[Insights, Topics, Tables]:
    app = Insights(settings.topology.app_id, **_configuration(settings, store))
    app.equip(settings, health)
    app.sensors.add(PrometheusSensor())
    topics, tables = Topics.of(app), Tables.of(app)
    install_agents(app, topics, tables)
    expiry.install(app, tables)
    return app, topics, tables


def install_agents(app: Insights, topics: Topics, tables: Tables) -> None:
    kept = (
        orders.install(app, topics, tables),
        clicks.install(app, topics, tables),
        baskets.install(app, topics, tables),
    )
    sales.install(app, topics, tables)
    products.install(app, topics, tables)
    alerts.install(app, topics, tables, rules())
    replay.install(app, topics, *kept)


def _configuration(settings: Settings, store: str) -> dict[str, Any]:
    return {
        "broker": settings.brokers,
        "store": store,
        "datadir": Path(settings.state_dir),
        "Topic": EventTopic,
        # exactly_once lost and doubled updates of tables when a worker was killed (ADR 0115)
        "processing_guarantee": "at_least_once",
        "topic_partitions": PARTITIONS,
        # topics are made by the deployment
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "reply_create_topic": False,
        "table_standby_replicas": 0,
        "consumer_auto_offset_reset": "earliest",
        # no static membership: its member would hang for ever when its address has changed (ADR 0118)
        "broker_session_timeout": float(settings.session_seconds),
        "broker_heartbeat_interval": settings.session_seconds / 4,
        "broker_commit_interval": 1.0,
        # at the end nothing is waited for: what was not acknowledged is read again
        "stream_wait_empty": False,
        "producer_linger": 0.005,
        "web_application_options": {"middlewares": [observed]},
        "web_bind": settings.http_host,
        "web_host": settings.http_advertised_host,
        "web_port": settings.http_port,
        # what Faust would serve besides the views of ours
        "web_stats_enabled": False,
        "web_graph_enabled": False,
        "web_router_enabled": False,
        "web_tables_enabled": False,
        "web_metrics_enabled": False,
    }
