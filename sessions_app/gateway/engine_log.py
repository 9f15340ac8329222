"""Passes the standard error of engines to the gateway's log, in the gateway's format."""

from __future__ import annotations

import asyncio
import logging
import re

logger = logging.getLogger("whatsapp")

_LINE = re.compile(r"whatsapp (\w+) (.*)")  # as sessions_app.engine.log writes them
_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
}


async def relay(lines: asyncio.StreamReader, pid: int) -> None:
    """Log the ``lines`` of the engine ``pid`` until it has ended. A line that is not from the
    library's log comes from the interpreter, and is logged as an error."""
    while True:
        try:
            line = await lines.readline()
        except ValueError:  # a line over the reader's limit, which is dropped
            continue
        if not line:
            return
        level, text = parse(line.decode(errors="replace").strip())
        logger.log(level, "%s", text, extra={"pid": pid})


def parse(line: str) -> tuple[int, str]:
    """Return the level and the text of one line."""
    found = _LINE.fullmatch(line)
    if found is None:
        return logging.ERROR, line
    return _LEVELS.get(found[1], logging.ERROR), found[2]
