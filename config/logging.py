"""Logs: one readable line an event on a terminal, one JSON object a line when asked."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from config import env

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {key: value for key, value in vars(record).items() if key not in _PLAIN}


class HumanFormatter(logging.Formatter):
    """``12:00:01 INFO  Connection update for session  session=… location=… status=qr``"""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        facts = "  ".join(f"{key}={value}" for key, value in _extra(record).items())
        line = f"{at} {record.levelname:<7} {record.getMessage()}"
        line = f"{line}  {facts}" if facts else line
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return line


class JsonFormatter(logging.Formatter):
    """One JSON object a line: at (UTC, ISO 8601), level, logger, message, and the facts."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def logging_settings(*, debug: bool) -> dict[str, Any]:
    """Django's LOGGING dictionary; LOG_FORMAT chooses ``human`` or ``json``."""
    chosen = env.choice("LOG_FORMAT", "human", ("human", "json"))
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "human": {"()": "config.logging.HumanFormatter"},
            "json": {"()": "config.logging.JsonFormatter"},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": chosen}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            name: {"level": "DEBUG" if debug and name != "whatsapp" else "INFO"}
            for name in ("config", "locations", "sessions_app", "conversations", "whatsapp")
        },
    }
