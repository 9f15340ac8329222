"""An engine's lines get into the gateway's log at their own level."""

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
def test_a_line_of_the_library_keeps_its_level(level: str, number: int) -> None:
    line = log.line(level, "Client/Socket", "Frame websocket closed")
    assert parse(line) == (number, "Client/Socket: Frame websocket closed")


def test_any_other_line_is_an_error() -> None:
    assert parse("Traceback (most recent call last):")[0] == logging.ERROR


async def test_lines_are_logged_until_the_engine_has_ended(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = asyncio.StreamReader(limit=1_000)
    said.feed_data(b"whatsapp info Client: one\n" + b"x" * 5_000 + b"\nwhatsapp info Client: two\n")
    said.feed_eof()
    with caplog.at_level(logging.DEBUG, "whatsapp"):
        await asyncio.wait_for(relay(said, 7), 10)
    told = [record.getMessage() for record in caplog.records]
    assert (told[0], told[-1]) == ("Client: one", "Client: two")
    assert {vars(record)["pid"] for record in caplog.records} == {7}
