"""Lines between gateway and engine: one JSON object each, of limited length."""

from __future__ import annotations

import pytest

from sessions_app.engine.protocol import MAX_LINE_BYTES, ProtocolError, decode, encode


def _filled(length: int) -> dict[str, str]:
    """Return a message whose line has ``length`` bytes, its end included."""
    empty = len(encode({"type": "send", "text": ""}))
    return {"type": "send", "text": "x" * (length - empty)}


def test_it_encodes_a_line_of_the_greatest_length() -> None:
    message = _filled(MAX_LINE_BYTES)
    line = encode(message)

    assert len(line) == MAX_LINE_BYTES
    assert decode(line) == message


def test_it_refuses_to_encode_a_longer_line() -> None:
    with pytest.raises(ProtocolError, match=f"a line of {MAX_LINE_BYTES + 1} bytes"):
        encode(_filled(MAX_LINE_BYTES + 1))


def test_it_counts_the_bytes_of_escaped_characters() -> None:
    with pytest.raises(ProtocolError, match="over the limit"):
        encode({"type": "send", "text": "é" * (MAX_LINE_BYTES // 6 + 1)})


def test_it_refuses_to_decode_a_longer_line() -> None:
    line = encode(_filled(MAX_LINE_BYTES))

    with pytest.raises(ProtocolError, match="over the limit"):
        decode(line + b"\n")


@pytest.mark.parametrize("line", [b"[]", b"7", b'"x"', b"{}", b'{"type": 7}', b"not json", b"\xff"])
def test_it_refuses_a_line_without_a_type(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode(line)
