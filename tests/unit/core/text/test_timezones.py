"""Obsolete, unknown and damaged time zones."""

from __future__ import annotations

import re
import zoneinfo
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.text.dates import moment, zone_of
from core.text.timezones import current_name, is_zone
from core.text.zone_aliases import CURRENT_NAMES
from tests.architecture.sources import PROJECT

JULY = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_it_resolves_obsolete_names() -> None:
    assert current_name("Europe/Kiev") == "Europe/Kyiv"
    assert current_name("Asia/Calcutta") == "Asia/Kolkata"
    assert current_name("Europe/Lisbon") == "Europe/Lisbon"
    assert current_name("Mars/Base") == "Mars/Base"


def test_it_uses_the_current_name_in_mails() -> None:
    assert moment(JULY, "Europe/Kiev") == "1 July 2026, 15:00 (Kyiv time)"


@pytest.mark.parametrize(("old", "new"), CURRENT_NAMES.items())
def test_it_resolves_each_name_in_one_step(old: str, new: str) -> None:
    assert new not in CURRENT_NAMES
    assert getattr(zone_of(old), "key", "") == new


def test_it_treats_a_damaged_zone_as_unknown(tmp_path: Path) -> None:
    (tmp_path / "Damaged").write_bytes(b"TZif2")
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([*before, str(tmp_path)])
    try:
        assert not is_zone("Damaged")
        assert zone_of("Damaged") is UTC
    finally:
        zoneinfo.reset_tzpath(before)


@pytest.mark.parametrize("name", ["run.txt", "test.txt"])
def test_it_installs_the_zones_on_every_platform(name: str) -> None:
    pins = (PROJECT / "requirements" / name).read_text()

    assert re.search(r"^tzdata==[0-9.]+ \\$", pins, re.MULTILINE)
