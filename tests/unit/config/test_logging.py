"""Both log formats: one line per event, without secrets."""

from __future__ import annotations

import json
import logging
import re
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings

from config.logging import HumanFormatter, JsonFormatter, logging_settings

QR = "2@" + "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyMTI=," * 3
NUMBER = "+351912345678"


def record(
    message: str, *args: object, level: int = logging.INFO, **extra: Any
) -> logging.LogRecord:
    logger = logging.getLogger("sessions_app.test")
    return logger.makeRecord(logger.name, level, "file.py", 1, message, args, None, extra=extra)


def failed(message: str, error: Exception) -> logging.LogRecord:
    entry = record(message, level=logging.ERROR)
    try:
        raise error
    except type(error):
        entry.exc_info = sys.exc_info()
    return entry


def test_it_logs_one_line_per_event_on_terminals() -> None:
    session = uuid4()
    line = HumanFormatter().format(record("Session connected", session=session, status="ready"))
    at, rest = line[:8], line[8:]
    assert re.fullmatch(r"\d\d:\d\d:\d\d", at)
    assert rest == f" INFO    Session connected  session={session}  status=ready"


def test_it_writes_one_json_object_for_each_line() -> None:
    session = uuid4()
    line = JsonFormatter().format(record("Session %s", "connected", session=session))
    entry = json.loads(line)
    assert "\n" not in line
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", entry.pop("at"))
    assert entry == {
        "level": "info",
        "logger": "sessions_app.test",
        "message": "Session connected",
        "session": str(session),
    }


def test_it_redacts_secrets_in_both_formats() -> None:
    entry = record("code %s for %s", QR, NUMBER, qr=QR, to=[NUMBER], key=b"\x01" * 32)
    for line in (HumanFormatter().format(entry), JsonFormatter().format(entry)):
        assert "Zm9vYmFy" not in line
        assert "91234" not in line
        assert "5678" in line


def test_it_redacts_secrets_in_tracebacks() -> None:
    entry = failed("It failed", ValueError(f"bad code {QR} of {NUMBER}"))
    human, parsed = HumanFormatter().format(entry), json.loads(JsonFormatter().format(entry))
    for text in (human, parsed["error"]):
        assert "ValueError: bad code …" in text
        assert "Zm9vYmFy" not in text and "91234" not in text
        assert Path(__file__).name in text


def test_it_keeps_user_input_from_forging_a_line() -> None:
    name = "Porto\n12:00:00 ERROR   All keys were deleted\x1b[2J"
    line = HumanFormatter().format(record("Location named", location=name))
    assert "\n" not in line and "\x1b" not in line
    assert "Porto\\n12:00:00 ERROR" in line


def test_it_never_replaces_the_message_by_facts() -> None:
    entry = json.loads(JsonFormatter().format(record("True", level=logging.INFO, at="then")))
    assert entry["message"] == "True" and entry["at"] != "then"


def test_it_logs_events_of_every_app_in_production(tmp_path: Path) -> None:
    ours = {name for name in settings.INSTALLED_APPS if (settings.BASE_DIR / name).is_dir()}
    loggers = logging_settings(tmp_path, debug=False)["loggers"]

    assert {name for name, logger in loggers.items() if logger.get("level") == "INFO"} == {
        "core",
        *ours,
    }
