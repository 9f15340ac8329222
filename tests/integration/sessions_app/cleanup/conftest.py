from __future__ import annotations

import json
import os
import socket
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from pytest_django import Settings

from sessions_app.models import Session

HOUR = timedelta(hours=1)


def ago(age: timedelta = HOUR) -> dict[str, Any]:
    """Return the columns of an attempt that has been connecting for ``age``."""
    return {"since": timezone.now() - age, "wanted_at": timezone.now() - age}


UNOWNED: dict[str, Any] = {"lease_owner": "", "lease_expires_at": None}


class KeyFolder:
    """The folder of the key stores, with stores as the library makes them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)

    def store(self, session: Session | UUID, *, linked: bool = True, age: timedelta = HOUR) -> Path:
        """A key store of ``session``; ``linked``: it holds the keys of a device."""
        identifier = session.pk if isinstance(session, Session) else session
        path = self.path / f"{identifier}.sqlite3"
        with closing(sqlite3.connect(path)) as store:
            store.execute("CREATE TABLE whatsmeow_device (jid TEXT)")
            if linked:
                store.execute("INSERT INTO whatsmeow_device VALUES ('1@s.whatsapp.net')")
            store.commit()
        return self._aged(path, age)

    def file(self, name: str, content: bytes = b"x", age: timedelta = HOUR) -> Path:
        path = self.path / name
        path.write_bytes(content)
        return self._aged(path, age)

    def names(self) -> set[str]:
        return {path.name for path in self.path.iterdir()}

    @staticmethod
    def _aged(path: Path, age: timedelta) -> Path:
        path.chmod(0o600)
        at = time.time() - age.total_seconds()
        os.utime(path, (at, at))
        return path


@pytest.fixture
def keys(settings: Settings, tmp_path: Path) -> KeyFolder:
    settings.DATA_DIR = tmp_path / "data"
    settings.WHATSAPP_AUTH_STORE = "files"
    return KeyFolder(settings.DATA_DIR / "whatsapp")


@pytest.fixture
def nowhere(settings: Settings, tmp_path: Path) -> Path:
    """A simulator's state file that leads to a closed port of this machine, so that no test
    dials out; an engine takes it for good."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text("")
    state = tmp_path / "simulator.json"
    state.write_text(
        json.dumps(
            {
                "proxy": f"http://127.0.0.1:{port}",
                "ca_file": str(ca_file),
                "trust_root": "0" * 64,
                "control": "http://127.0.0.1:1",
            }
        )
    )
    settings.WHATSAPP_SIMULATOR, settings.DEBUG = str(state), True
    return state


Reread = Callable[[Session], Session]


@pytest.fixture
def reread() -> Reread:
    def read(session: Session) -> Session:
        found: Session = Session.objects.get(pk=session.pk)
        return found

    return read
