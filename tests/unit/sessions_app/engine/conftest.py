"""Fixtures with WhatsApp's message types, without loading the library itself."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def proto() -> Any:
    """The library's event types (``Neonize_pb2``)."""
    return _module("Neonize_pb2")


@pytest.fixture(scope="session")
def e2e() -> Any:
    """WhatsApp's message types."""
    return _module("waE2E.WAWebProtobufsE2E_pb2")


def _module(name: str) -> Any:
    spec = importlib.util.find_spec("neonize")
    assert spec is not None and spec.origin is not None
    folder = str(Path(spec.origin).parent / "proto")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(name)
