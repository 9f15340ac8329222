"""Keep the status of a response whose body is malformed.

aiohttp parses each piece of data from the socket as a whole: if the headers and a broken chunk of
the body arrive together, it raises and forgets the headers. Parsed separately, they survive.
"""

from __future__ import annotations

import asyncio
import re
from itertools import pairwise

from aiohttp.client_proto import ResponseHandler

_BLANK_LINE = re.compile(rb"\n\r?\n")
_LONGEST = 3  # bytes of a blank line
_MOST_CUTS = 4  # the final headers follow those of interim responses such as 103 Early Hints


def pieces(before: bytes, data: bytes) -> list[bytes]:
    """Cut ``data`` after its first blank lines, one of which ends the headers. Pure.

    ``before``: the data just before, where a blank line can begin."""
    ends = [found.end() - len(before) for found in _BLANK_LINE.finditer(before + data)]
    marks = [0, *[end for end in ends if 0 < end < len(data)][:_MOST_CUTS], len(data)]
    return [data[start:end] for start, end in pairwise(marks)]


class StatusFirst(ResponseHandler):
    """The client side of a connection, which delivers headers before it looks at the body."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._last = b""

    def data_received(self, data: bytes) -> None:
        """Parse ``data`` piece by piece, until one is malformed."""
        before, self._last = self._last, (self._last + data)[-_LONGEST:]
        for piece in pieces(before, data):
            super().data_received(piece)
            if self.exception() is not None:
                return
