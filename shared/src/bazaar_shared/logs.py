"""One JSON object a line on stdout, with the trace's ids, whatever server or framework wrote the record.

`configure(…)` in the entry point; with uvicorn then `uvicorn.run(app, log_config=None)`. Where a server or
framework configures logging itself: `logging_config(…)` as gunicorn's `logconfig_dict`, Django's `LOGGING`.
"""

import logging
import logging.config
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from opentelemetry import trace
from pythonjsonlogger.json import JsonFormatter

# these bring handlers of their own: they are taken off, and the records go to the root's handler
_TAKEN_OVER = (
    "uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "gunicorn", "gunicorn.error",
    "gunicorn.access", "waitress", "waitress.queue", "nameko", "kombu", "amqp", "django", "django.request",
    "django.server", "celery", "celery.task", "sanic.root", "sanic.error", "sanic.access", "tornado",
    "hypercorn.error", "hypercorn.access",
)  # fmt: skip
# a line for each request sent or each poll of a broker that is away says nothing new
_SELDOM = 10.0
_QUIET = {"httpx": "WARNING", "httpcore": "WARNING", "aiokafka": "WARNING", "kafka": "WARNING"}


def configure(service: str, process: str, level: str = "INFO") -> None:
    logging.config.dictConfig(logging_config(service, process, level))
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def logging_config(service: str, process: str, level: str = "INFO") -> dict[str, Any]:
    loggers: dict[str, Any] = {name: {"handlers": [], "propagate": True} for name in _TAKEN_OVER}
    loggers |= {name: {"level": quiet} for name, quiet in _QUIET.items()}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": "bazaar_shared.logs.Formatter", "service": service, "process": process}
        },
        "filters": {"seldom": {"()": "bazaar_shared.logs.Seldom", "logger": "aiokafka"}},
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": "json",
                "filters": ["seldom"],
            }
        },
        "root": {"level": level.upper(), "handlers": ["stdout"]},
        "loggers": loggers,
    }


class Seldom(logging.Filter):
    """Lets a message of a logger pass once in ten seconds: a broker that is away is told at each try."""

    def __init__(self, logger: str) -> None:
        super().__init__(logger)
        self._passed: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not super().filter(record):
            return True
        passed = self._passed.get(record.msg, float("-inf"))
        if record.created - passed < _SELDOM:
            return False
        self._passed[record.msg] = record.created
        return True


class Formatter(JsonFormatter):
    def __init__(self, service: str, process: str) -> None:
        # `taskName` and uvicorn's coloured copy of the message are no extras
        super().__init__(json_default=str, json_ensure_ascii=False)
        self.reserved_attrs |= {"taskName", "color_message"}
        self._skip_fields |= self.reserved_attrs
        self._service = service
        self._process = process

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        span = trace.get_current_span().get_span_context()
        fixed = {
            "ts": _rfc3339(record.created),
            "level": record.levelname,
            "service": self._service,
            "process": self._process,
            "logger": record.name,
            "message": record.message or str(message_dict.pop("message", "")),
            "trace_id": f"{span.trace_id:032x}" if span.is_valid else None,
            "span_id": f"{span.span_id:016x}" if span.is_valid else None,
        }
        exception = message_dict.pop("exc_info", None)
        log_data |= fixed
        super().add_fields(log_data, record, message_dict)
        # an extra of the same name does not replace a fixed field
        log_data |= fixed
        if exception:
            log_data["exception"] = exception


def _rfc3339(created: float) -> str:
    return datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    logging.getLogger("bazaar_shared").critical("uncaught exception", exc_info=(kind, error, traceback))


def _log_uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None and not issubclass(arguments.exc_type, SystemExit):
        _log_uncaught(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
