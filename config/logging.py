"""Logging settings and formatters: one readable line per event, or one JSON object per line.

Both formatters redact secrets (``core.logs.redaction``), which covers every logger.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config import env
from core.logs.redaction import redact, redact_value
from core.logs.rotating_file import folder_of

OUR_APPS = (
    "core",
    "locations",
    "sessions_app",
    "conversations",
    "notifications",
    "operations",
    "config",
)
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    extra = {key: value for key, value in vars(record).items() if key not in _PLAIN}
    facts: dict[str, Any] = redact_value(extra)
    return facts


def _message(record: logging.LogRecord) -> str:
    return redact(record.getMessage())


def _error(record: logging.LogRecord, formatter: logging.Formatter) -> str:
    """Return the traceback and the stack of ``record``, or ""."""
    texts = []
    if record.exc_info:
        texts.append(formatter.formatException(record.exc_info))
    if record.stack_info:
        texts.append(formatter.formatStack(record.stack_info))
    return redact("\n".join(texts))


class HumanFormatter(logging.Formatter):
    """``12:00:01 INFO    Session connected  session=… location=… status=ready``

    Line breaks in messages are escaped as \\n, so user input cannot forge a line of the log."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        facts = "".join(f"  {key}={value}" for key, value in _facts(record).items())
        line = _one_line(f"{at} {record.levelname:<7} {_message(record)}{facts}")
        error = _error(record, self)
        return f"{line}\n{error}" if error else line


class JsonFormatter(logging.Formatter):
    """One JSON object per line: at (UTC, ISO 8601), level, logger, message, and the extra facts."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        entry |= {key: value for key, value in _facts(record).items() if key not in entry}
        if error := _error(record, self):
            entry["error"] = error
        return json.dumps(entry)


def _one_line(text: str) -> str:
    """Escape line breaks and other control characters."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def logging_settings(data_dir: Path, *, debug: bool) -> dict[str, Any]:
    """Return Django's LOGGING dictionary. LOG_FORMAT selects ``human`` or ``json``. The last lines
    are also kept in ``data_dir``, always as JSON."""
    chosen = env.choice("LOG_FORMAT", "human", ("human", "json"))
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "human": {"()": "config.logging.HumanFormatter"},
            "json": {"()": "config.logging.JsonFormatter"},
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": chosen},
            "disk": {
                "class": "core.logs.disk_handler.DiskLog",
                "formatter": "json",
                "folder": folder_of(data_dir),
            },
        },
        "root": {"handlers": ["stderr", "disk"], "level": "WARNING"},
        "loggers": {
            "django": {"handlers": [], "level": "WARNING"},  # its own handler writes plain text
            "django.server": {"handlers": [], "propagate": True},
            "whatsapp": {"level": "DEBUG"},  # engines filter by WHATSAPP_LOG_LEVEL
            **{name: {"level": "DEBUG" if debug else "INFO"} for name in OUR_APPS},
        },
    }
