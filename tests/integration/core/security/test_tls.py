"""TLS contexts are built once, and never on an event loop."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.security import tls
from tests.architecture.sources import APPS, modules_with
from tests.https_proxy import HttpsProxy


@pytest.fixture
def builders(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """The threads in which a context was built."""
    threads: list[threading.Thread] = []
    build = ssl.create_default_context

    def noted(*args: Any, **kwargs: Any) -> ssl.SSLContext:
        threads.append(threading.current_thread())
        return build(*args, **kwargs)

    monkeypatch.setattr(ssl, "create_default_context", noted)
    return threads


@pytest.fixture
def ca_file(tmp_path: Path) -> Iterator[Path]:
    proxy = HttpsProxy(tmp_path, "proxy.example", 1)
    yield proxy.ca_file
    proxy.stop()


async def test_it_builds_once_off_the_event_loop(
    builders: list[threading.Thread], ca_file: Path
) -> None:
    builders.clear()
    first = await tls.context_off_the_loop(str(ca_file))

    assert await tls.context_off_the_loop(str(ca_file)) is first
    assert len(builders) == 1
    assert threading.current_thread() not in builders


def test_it_reads_a_file_that_has_changed(ca_file: Path) -> None:
    first = tls.client_context(str(ca_file))
    ca_file.write_bytes(ca_file.read_bytes() + b"\n")

    assert tls.client_context(str(ca_file)) is not first


def test_it_is_the_only_place_that_builds_contexts() -> None:
    assert modules_with(r"create_default_context|SSLContext\(", *APPS) == {"core/security/tls.py"}
