"""An engine's log lines keep their level in the gateway's log."""

from __future__ import annotations

import asyncio
import logging

import pytest

from sessions_app.engine import log
from sessions_app.gateway.engine_log import parse, relay


@pytest.mark.parametrize(
    ("level", "number"),
    [
        ("DEBUG", logging.DEBUG),
        ("INFO", logging.INFO),
        ("WARN", logging.WARNING),
        ("ERROR", logging.ERROR),
    ],
)
def test_it_keeps_the_level_of_a_library_line(level: str, number: int) -> None:
    line = log.line(level, "Client/Socket", "Frame websocket closed")
    assert parse(line) == (number, "Client/Socket: Frame websocket closed")


def test_it_logs_any_other_line_as_an_error() -> None:
    assert parse("Traceback (most recent call last):")[0] == logging.ERROR


async def test_it_logs_lines_until_the_engine_has_ended(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lines = asyncio.StreamReader(limit=1_000)
    lines.feed_data(
        b"whatsapp info Client: one\n" + b"x" * 5_000 + b"\nwhatsapp info Client: two\n"
    )
    lines.feed_eof()
    with caplog.at_level(logging.DEBUG, "whatsapp"):
        await asyncio.wait_for(relay(lines, 7), 10)
    logged = [record.getMessage() for record in caplog.records]
    assert (logged[0], logged[-1]) == ("Client: one", "Client: two")
    assert {vars(record)["pid"] for record in caplog.records} == {7}
