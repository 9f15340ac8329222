"""The bounds on what comes in, at the server as it ships."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from config.request_limits import MAX_BODY_BYTES
from tests.wire.product import Product

PATIENCE_SECONDS = 30.0
CHUNK = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"


@pytest.fixture
def line(product: Product) -> Iterator[socket.socket]:
    address = urlsplit(product.address)
    with socket.create_connection(
        (str(address.hostname), int(address.port or 80)), PATIENCE_SECONDS
    ) as opened:
        yield opened


def _head(product: Product, *headers: str) -> bytes:
    host = urlsplit(product.address).netloc
    lines = ["POST /api/v1/sessions/ HTTP/1.1", f"Host: {host}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def _answer(line: socket.socket) -> bytes:
    """All that the server says until it hangs up; it may do so while we still talk."""
    said = b""
    try:
        while part := line.recv(65536):
            said += part
    except ConnectionResetError:
        pass
    return said


def test_it_hangs_up_on_a_body_too_large(product: Product, line: socket.socket) -> None:
    line.sendall(_head(product, f"Content-Length: {MAX_BODY_BYTES + 1}"))

    assert _answer(line).startswith(b"HTTP/1.1 413 ")


def test_it_hangs_up_on_a_body_that_never_ends(product: Product, line: socket.socket) -> None:
    line.sendall(_head(product, "Transfer-Encoding: chunked"))

    sent = 0
    with pytest.raises(OSError):  # reset or broken pipe, as the network has it
        while sent < 20 * MAX_BODY_BYTES:
            line.sendall(CHUNK)
            sent += len(CHUNK)

    assert sent < 20 * MAX_BODY_BYTES


def test_it_explains_a_slightly_too_large_body(product: Product) -> None:
    status, problem = product.api(
        "POST", "sessions/", {"location": "x" * (MAX_BODY_BYTES * 3 // 4)}
    )

    assert (status, problem["code"]) == (413, "too_large")


def test_it_goes_on_serving_after_all_of_it(product: Product, line: socket.socket) -> None:
    line.sendall(_head(product, f"Content-Length: {MAX_BODY_BYTES + 1}"))
    _answer(line)

    assert product.api("GET", "sessions/")[0] == 200
