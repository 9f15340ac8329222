"""The first start of an installation."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import env
from config.bootstrap import _make_env_file

NAME = "FIELD_ENCRYPTION_KEYS"


def test_it_creates_a_key_for_a_new_installation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _make_env_file(tmp_path / ".env", 8000)
    (line,) = [
        line for line in (tmp_path / ".env").read_text().splitlines() if line.startswith(NAME)
    ]
    monkeypatch.setenv(NAME, line.partition("=")[2])

    assert len(env.keys(NAME)) == 1
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
