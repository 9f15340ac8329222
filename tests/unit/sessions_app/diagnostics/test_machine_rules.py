"""The rules for library, disk and clock, and the format of findings."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from core.health.findings import Finding
from core.health.severity import Severity
from sessions_app.diagnostics import machine_rules as findings
from sessions_app.diagnostics.report import lines, report
from sessions_app.diagnostics.versions import NEWEST_TESTED_NEONIZE, PAIRLINE, versions

FOLDER = Path("/data/whatsapp")
PROJECT = tomllib.loads((Path(__file__).resolve().parents[4] / "pyproject.toml").read_text())


def test_it_reports_another_version_of_the_library() -> None:
    assert findings.of_library("0.5.2", "0.5.2", 0.2).severity is Severity.OK
    for other in ("0.6.0", "0.5.1"):
        assert findings.of_library(other, "0.5.2", 0.2).severity is Severity.CRITICAL


def test_it_matches_the_versions_of_the_project() -> None:
    project = PROJECT["project"]
    assert project["version"] == PAIRLINE
    assert f"neonize=={NEWEST_TESTED_NEONIZE}" in project["dependencies"]
    assert versions()["neonize"] == NEWEST_TESTED_NEONIZE


@pytest.mark.parametrize(
    ("free", "level"),
    [
        (0, Severity.CRITICAL),
        (199_999_999, Severity.CRITICAL),
        (200_000_000, Severity.WARNING),
        (999_999_999, Severity.WARNING),
        (1_000_000_000, Severity.OK),
    ],
)
def test_it_warns_before_the_disk_is_full(free: int, level: Severity) -> None:
    found = findings.of_disk(free, 4_000_000_000, FOLDER)
    assert found.severity is level
    assert (found.next_step == "") == (level is Severity.OK)


def test_it_reports_space_in_bytes_and_percent() -> None:
    text = findings.of_disk(12_000_000_000, 48_000_000_000, FOLDER).text
    assert text == "12 GB (25 %) free for /data/whatsapp"


@pytest.mark.parametrize(
    ("ahead", "level"),
    [
        (0.4, Severity.OK),
        (-5.0, Severity.OK),
        (6.0, Severity.WARNING),
        (-31.0, Severity.CRITICAL),
        (86_400.0, Severity.CRITICAL),
    ],
)
def test_it_finds_a_wrong_clock_in_both_directions(ahead: float, level: Severity) -> None:
    assert findings.of_clock(ahead, "WhatsApp").severity is level


FOUND = [
    Finding("disk", Severity.OK, "12 GB free"),
    Finding("data folder", Severity.CRITICAL, "cannot be written to", "Let us."),
]


def test_it_aligns_findings_in_columns() -> None:
    assert lines(FOUND) == [
        "ok       disk         12 GB free",
        "trouble  data folder  cannot be written to › Let us.",
        "",
        "1 problem needs you: data folder.",
    ]


def test_it_colours_only_the_level() -> None:
    painted = lines(FOUND, {Severity.CRITICAL: lambda text: f"<{text}>"})
    assert painted[1] == "<trouble>  data folder  cannot be written to › Let us."


def test_it_reports_findings_as_an_object() -> None:
    told = report(FOUND)
    assert told["ok"] is False
    assert told["findings"][1] == {
        "name": "data folder",
        "level": "trouble",
        "text": "cannot be written to",
        "next_step": "Let us.",
    }
    assert report(FOUND[:1])["ok"] is True
