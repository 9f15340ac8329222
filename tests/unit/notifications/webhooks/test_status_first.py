"""Headers are parsed apart from the body that follows them."""

from __future__ import annotations

import pytest

from notifications.webhooks.status_first import pieces


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 4])
def test_it_cuts_after_headers_wherever_data_ends(cut: int) -> None:
    data = b"HTTP/1.1 200 OK\r\n\r\nbody"
    middle = data.index(b"\r\n\r\n") + cut

    first, second = data[:middle], data[middle:]
    cuts = pieces(b"", first) + pieces(first[-3:], second)

    assert b"".join(cuts) == data
    assert cuts[-1] == b"body"


def test_it_leaves_data_without_headers_whole() -> None:
    assert pieces(b"", b"") == [b""]
    assert pieces(b"abc", b"chunk") == [b"chunk"]
