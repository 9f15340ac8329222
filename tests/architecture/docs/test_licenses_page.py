"""docs/explanation/licenses.md lists every package that an installation may contain."""

from __future__ import annotations

import re

from tests.architecture.sources import PROJECT

PAGE = PROJECT / "docs" / "explanation" / "licenses.md"


def test_it_lists_every_package_once() -> None:
    pinned = re.findall(
        r"^([a-z0-9-]+)(?:\[\S+\])?==", (PROJECT / "requirements" / "run.txt").read_text(), re.M
    )
    table = PAGE.read_text().partition("## Python packages")[2].partition("\n\n`async")[0]

    assert sorted(re.findall(r"`([a-z0-9-]+)`", table)) == sorted(set(pinned))
