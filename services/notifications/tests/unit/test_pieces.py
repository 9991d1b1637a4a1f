"""Settings, schedule, routes, pictures, faults."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from celery.schedules import crontab
from notifications.app import DEAD, MAILS, PICTURES, SCANS, create_celery, dead_letters
from notifications.faults import FaultInjector
from notifications.mails.samples import pictures
from notifications.rasterizer import Undrawable, rasterize
from notifications.settings import Settings, load

from bazaar_shared.settings import SettingsError

GOOD = {
    "database_url": "postgresql://notifications@db/notifications",
    "amqp_url": "amqp://notifications@mq/bazaar",
    "redis_url": "redis://notifications@redis/0",
    "kafka_bootstrap_servers": "k:1",
    "identity_url": "http://i:1/",
    "catalog_url": "http://c:1",
    "orders_url": "http://o:1",
    "client_secret_file": "/nowhere",
    "smtp_url": "smtp://mail:1025",
}


def _settings(**changes: Any) -> Settings:
    return load(**GOOD | changes)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("smtp_url", "http://mail"),
        ("mail_from", "Bazaar"),
        ("lease_seconds", "0"),
        ("report_hour", "24"),
        ("concurrency", "0"),
        ("amqp_password_file", "/nowhere/at/all"),
    ],
)
def test_what_is_wrong_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"(?i){name}|/nowhere/at/all"):
        _settings(**{name: value})


def test_passwords_come_from_files_and_are_not_shown(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("p/w\n")
    settings = _settings(**{f"{name}_password_file": secret for name in ("database", "amqp", "redis")})
    assert settings.dsn == "postgresql://notifications:p%2Fw@db/notifications"
    assert settings.broker == "amqp://notifications:p%2Fw@mq/bazaar"
    assert settings.results == "redis://notifications:p%2Fw@redis/0"
    assert "p/w" not in repr(settings)
    assert "p%2Fw" not in repr(settings.dsn)
    assert (settings.identity_url, settings.mail_domain) == ("http://i:1", "bazaar.example")


def test_importing_tasks_makes_no_application_of_its_own() -> None:
    from notifications.tasks import announcements, mails, pictures, scans

    app = create_celery(_settings())
    app.finalize()
    ours = {name for name in app.tasks if name.startswith("notifications.")}
    assert ours == {
        "notifications.mails.send",
        "notifications.announcements.address",
        "notifications.pictures.fetch",
        "notifications.pictures.render",
        "notifications.pictures.store",
        "notifications.scans.due",
        "notifications.scans.abandoned_baskets",
        "notifications.scans.reports",
        "notifications.scans.housekeeping",
    }
    assert all(module.__name__ for module in (announcements, mails, pictures, scans))
    assert current_app is not None


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("notifications.mails.send", MAILS),
        ("notifications.announcements.address", MAILS),
        ("notifications.pictures.render", PICTURES),
        ("notifications.scans.due", SCANS),
    ],
)
def test_each_task_has_its_queue(task: str, queue: str) -> None:
    app = create_celery(_settings())
    route = app.amqp.router.route({}, task)
    assert (route["queue"].name, route["routing_key"]) == (queue, queue)


def test_queues_are_quorum_and_lay_aside_what_kills() -> None:
    app = create_celery(_settings())
    queues = {queue.name: queue for queue in app.conf.task_queues}
    assert {queue.queue_arguments["x-queue-type"] for queue in (*queues.values(), dead_letters())} == {
        "quorum"
    }
    # Celery's delayed delivery knows no direct exchange
    assert {queue.exchange.type for queue in queues.values()} == {"topic"}
    for name in (MAILS, PICTURES):
        arguments = queues[name].queue_arguments
        assert (arguments["x-dead-letter-exchange"], arguments["x-delivery-limit"]) == (DEAD, 5)
    # an old scan that is dropped is no dead letter
    assert "x-dead-letter-exchange" not in queues[SCANS].queue_arguments


def test_time_limits_end_before_the_lease_does() -> None:
    conf = create_celery(_settings(lease_seconds=60)).conf
    assert conf.task_soft_time_limit < conf.task_time_limit < 60
    assert (conf.task_acks_late, conf.task_reject_on_worker_lost, conf.task_ignore_result) == (
        True,
        True,
        True,
    )
    assert list(conf.accept_content) == ["json"]


def test_beat_sends_scans_that_end_when_the_next_one_comes() -> None:
    conf = create_celery(_settings(scan_seconds=5)).conf
    for entry in conf.beat_schedule.values():
        assert entry["task"].startswith("notifications.scans.")
        every = entry["schedule"]
        if not isinstance(every, crontab):
            assert entry["options"]["expires"] <= every.run_every.total_seconds()


def _size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_pictures_are_drawn_in_the_size_that_is_asked_for() -> None:
    drawn = pictures(128)
    assert {_size(png) for png in drawn.values()} == {(128, 128)}
    one = next(iter(drawn.values()))
    # a PNG is scaled by the same renderer
    assert _size(rasterize("image/png", one, 96)) == (96, 96)


def test_words_in_pictures_are_drawn_with_our_own_fonts() -> None:
    plain = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">'
        '<text y="30" font-family="Georgia, serif">{}</text></svg>'
    )
    with_word, empty = (rasterize("image/svg+xml", plain.format(word).encode(), 96) for word in ("tea", ""))
    assert with_word != empty


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("image/svg+xml", b"<svg"),
        ("image/svg+xml", b"\xff\xfe"),
        ("text/html", b"<svg/>"),
        ("image/svg+xml", b""),
    ],
)
def test_what_cannot_be_drawn_says_so(content_type: str, content: bytes) -> None:
    with pytest.raises(Undrawable):
        rasterize(content_type, content, 96)


def test_a_fault_strikes_once_or_each_time_as_it_is_told(tmp_path: Path) -> None:
    file, deaths = tmp_path / "fault", []
    die: Callable[[], None] = lambda: deaths.append(1)  # noqa: E731
    faults = FaultInjector(file, die)
    faults.at("sent")
    file.write_text("sent\n")
    faults.at("claimed")
    faults.at("sent")
    faults.at("sent")
    assert (len(deaths), file.exists()) == (1, False)
    file.write_text("sent*")
    faults.at("sent")
    faults.at("sent")
    assert (len(deaths), file.exists()) == (3, True)
    FaultInjector(None, die).at("sent")
    assert len(deaths) == 3
