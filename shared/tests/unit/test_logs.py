import json
import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest

from bazaar_shared import logs, telemetry


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = logs.sys.excepthook, threading.excepthook
    yield
    root.handlers[:], root.level = handlers, level
    logs.sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(capture=False)


@pytest.fixture
def lines() -> Callable[[], list[dict[str, Any]]]:
    """The lines written since it was called last."""
    buffer = StringIO()
    with redirect_stdout(buffer):
        logs.configure("orders", "serve", "info")

    def read() -> list[dict[str, Any]]:
        written = [json.loads(line) for line in buffer.getvalue().splitlines()]
        buffer.seek(0)
        buffer.truncate()
        return written

    return read


def test_a_line_has_the_promised_fields(lines: Any) -> None:
    logging.getLogger("orders.saga").info("step %s done", "reserve", extra={"order_id": "o-1"})
    (line,) = lines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("ts"))
    assert line == {
        "level": "INFO",
        "service": "orders",
        "process": "serve",
        "logger": "orders.saga",
        "message": "step reserve done",
        "trace_id": None,
        "span_id": None,
        "order_id": "o-1",
    }


def test_the_trace_stands_in_the_line(lines: Any) -> None:
    telemetry.configure("orders", "serve")
    with telemetry.span("request") as span:
        logging.getLogger("orders").warning("slow")
        context = span.get_span_context()
    (line,) = lines()
    assert line["trace_id"] == f"{context.trace_id:032x}"
    assert line["span_id"] == f"{context.span_id:016x}"


def test_an_exception_is_one_field_of_one_line(lines: Any) -> None:
    try:
        int("line 1\nline 2")
    except ValueError:
        logging.getLogger("orders").exception("failed")
    (line,) = lines()
    assert line["message"] == "failed"
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert line["exception"].endswith("ValueError: invalid literal for int() with base 10: 'line 1\\nline 2'")
    assert "exc_info" not in line


def test_a_message_can_not_forge_a_line(lines: Any) -> None:
    logging.getLogger("orders").info('x\n{"level":"INFO","message":"paid"}')
    (line,) = lines()
    assert line["message"] == 'x\n{"level":"INFO","message":"paid"}'


def test_an_extra_can_not_replace_a_fixed_field(lines: Any) -> None:
    logging.getLogger("orders").info("m", extra={"level": "none", "service": "other", "ts": "never"})
    (line,) = lines()
    assert (line["level"], line["service"]) == ("INFO", "orders")
    assert line["ts"] != "never"


def test_what_json_does_not_know_is_written_as_text(lines: Any) -> None:
    logging.getLogger("orders").info("m", extra={"what": {1}, "error": ValueError("no")})
    (line,) = lines()
    assert line["what"] in ("{1}", [1])
    assert "no" in line["error"]


def test_a_dictionary_as_message(lines: Any) -> None:
    logging.getLogger("orders").info({"message": "m", "order_id": "o-1"})
    (line,) = lines()
    assert (line["message"], line["order_id"]) == ("m", "o-1")


def test_the_level_is_kept(lines: Any) -> None:
    logging.getLogger("orders").debug("not this")
    logging.getLogger("httpx").info("HTTP Request: GET …")
    logging.getLogger("orders").info("but this")
    assert [line["message"] for line in lines()] == ["but this"]


@pytest.mark.parametrize("name", ["uvicorn.access", "uvicorn.error", "gunicorn.error", "waitress", "nameko"])
def test_a_servers_own_handlers_are_taken_off(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger(name)
    logger.addHandler(logging.StreamHandler())
    logger.propagate = False
    logs.configure("orders", "serve")
    logger.warning("said once")
    captured = capsys.readouterr()
    assert [json.loads(line)["logger"] for line in captured.out.splitlines()] == [name]
    assert captured.err == ""


def test_uvicorns_coloured_copy_is_left_out(lines: Any) -> None:
    logging.getLogger("uvicorn.error").info("up", extra={"color_message": "\x1b[1mup\x1b[0m"})
    (line,) = lines()
    assert "color_message" not in line


def test_loggers_made_before_still_speak(capsys: pytest.CaptureFixture[str]) -> None:
    early = logging.getLogger("made.before")
    logs.configure("orders", "serve")
    early.info("still here")
    assert json.loads(capsys.readouterr().out)["message"] == "still here"


def test_an_uncaught_exception_is_a_line_too(lines: Any) -> None:
    error = RuntimeError("boom")
    logs.sys.excepthook(RuntimeError, error, None)
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    first, second = lines()
    assert (first["level"], first["message"]) == ("CRITICAL", "uncaught exception")
    assert first["exception"] == "RuntimeError: boom"
    assert second["exception"].endswith("ZeroDivisionError: division by zero")


def test_a_broker_that_is_away_does_not_fill_the_log(lines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = logging.getLogger("aiokafka.client")
    for _ in range(5):
        client.error("Unable connect to node with id %s", 1)
        client.error("Unable to update metadata from %s", [1])
        logging.getLogger("orders").error("each of ours is told")
    monkeypatch.setattr(logs, "_SELDOM", 0.0)
    client.error("Unable connect to node with id %s", 1)
    loggers = [(line["logger"], line["message"]) for line in lines()]
    assert loggers.count(("orders", "each of ours is told")) == 5
    assert loggers.count(("aiokafka.client", "Unable to update metadata from [1]")) == 1
    assert loggers.count(("aiokafka.client", "Unable connect to node with id 1")) == 2
