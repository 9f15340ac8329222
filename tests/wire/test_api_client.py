"""The client of docs/how-to/api-client.md, as printed there, against the product as it runs."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from core.web.qr_image import qr_svg, qr_terminal
from notifications.webhooks.signature import signature
from tests.wire.product import PROJECT, Product, Simulator, wait_for

PAGE = PROJECT / "docs" / "how-to" / "api-client.md"
TEXT = "Your appointment is tomorrow at 10. ✅"


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    [code] = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    path = tmp_path_factory.mktemp("client") / "pairline.py"
    path.write_text(code)
    return path


@pytest.fixture
def client(printed: Path) -> Any:
    spec = importlib.util.spec_from_file_location("pairline", printed)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _start(printed: Path, product: Product, *arguments: str) -> subprocess.Popen[str]:
    environment = {"PAIRLINE_URL": product.address, "PAIRLINE_KEY": product.key}
    return subprocess.Popen(
        [sys.executable, str(printed), *arguments],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONIOENCODING": "utf-8",
            "PYTHONUNBUFFERED": "1",
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_it_is_short_enough_to_read(printed: Path) -> None:
    assert len(printed.read_text().splitlines()) <= 150


def test_it_links_a_number_sends_and_reads(
    printed: Path, product: Product, simulator: Simulator
) -> None:
    location = product.next_location()
    name = product.api("GET", f"locations/{location}/")[1]["name"]
    receiver = simulator.new_phone()
    running = _start(printed, product, name, receiver, TEXT)

    assert running.stdout is not None
    assert running.stdout.readline().startswith("█████")  # the code's quiet zone
    [session] = product.api("GET", f"sessions/?location={location}")[1]["results"]
    simulator.scan(product.snapshot(session["id"])["qr"]["text"])
    said = running.communicate(timeout=60)[0]

    assert running.returncode == 0, said
    assert re.search(r"^Ready: \+\d+$", said, re.M)
    assert re.search(rf"^out \w+ {re.escape(receiver)} {re.escape(TEXT)}$", said, re.M)
    wait_for(
        lambda: [one for one in simulator.messages(receiver) if one["text"] == TEXT], "the text"
    )
    again = _start(printed, product, name, receiver, "And again")
    assert "And again" in again.communicate(timeout=60)[0]  # the number was linked already


def test_it_sends_once_under_one_key(client: Any, product: Product, simulator: Simulator) -> None:
    session, _ = product.link()
    receiver = simulator.new_phone()
    pairline = client.Pairline(product.address, product.key)

    first, second = (pairline.send(session, receiver, TEXT, once="order-7") for _ in range(2))

    assert first == second
    assert len(list(pairline.messages(session, direction="out"))) == 1
    with pytest.raises(client.Refused) as refused:
        pairline.send(session, receiver, "Another text", once="order-7")
    assert refused.value.problem["code"] == "idempotency_mismatch"


def test_it_draws_the_code_as_the_product_does(client: Any) -> None:
    text = "https://wa.me/settings/linked_devices#2@abc,def,ghi"

    drawn = client.qr_as_text(qr_svg(text))

    expected = qr_terminal(text).replace("\xa0", " ").splitlines()
    assert drawn.splitlines()[:-1] == expected[:-1]  # the last ends in the quiet zone


@pytest.fixture
def busy_server() -> Iterator[tuple[str, list[float]]]:
    """A server that responds 429 twice; yields its address and the times of the requests."""
    asked: list[float] = []

    class Busy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(time.monotonic())
            self.send_response(429 if len(asked) < 3 else 200)
            self.send_header("Retry-After", "1")
            self.end_headers()
            self.wfile.write(json.dumps({"results": [], "next": None}).encode())

        def log_message(self, *args: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Busy)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_waits_for_retry_after(client: Any, busy_server: tuple[str, list[float]]) -> None:
    address, asked = busy_server

    assert list(client.Pairline(address, "pl_x").pages("locations/")) == []

    assert len(asked) == 3
    assert all(later - earlier >= 1 for earlier, later in pairwise(asked))


def test_it_accepts_what_pairline_has_signed(client: Any) -> None:
    body, now = json.dumps({"text": TEXT}).encode(), int(time.time())

    assert client.webhook_event("whsec_x", signature("whsec_x", now, body), body) == {"text": TEXT}


@pytest.mark.parametrize(
    ("secret", "late", "spoilt"),
    [("whsec_y", 0, b"{}"), ("whsec_x", 0, b'{"a": 1}'), ("whsec_x", 301, b"{}")],
)
def test_it_rejects_everything_else(client: Any, secret: str, late: int, spoilt: bytes) -> None:
    signed = signature("whsec_x", 1_000, b"{}")

    with pytest.raises(ValueError, match="signature"):
        client.webhook_event(secret, signed, spoilt, now=1_000 + late)


@pytest.mark.parametrize("header", ["", "nonsense", "t=1", "v1=", "t=,v1=é", "t=x,v1=00"])
def test_it_rejects_a_malformed_signature(client: Any, header: str) -> None:
    with pytest.raises(ValueError, match="signature"):
        client.webhook_event("whsec_x", header, b"{}")
