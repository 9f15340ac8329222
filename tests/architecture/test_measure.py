from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.measure import (
    duplicate_classes,
    folder_sizes,
    gerund_modules,
    measure,
    percentile,
    rate,
)
from tests.architecture.sources import APPS, PROJECT, Module, modules


@pytest.fixture
def package(tmp_path: Path) -> list[Module]:
    texts = {
        "__init__.py": "",
        "sending.py": '"""He told nobody ``told``."""\n\n\nclass Row:\n    class Meta: ...\n',
        "routing.py": "class Row:\n    class Meta: ...\n\n\nclass Command: ...\n",
        "rules.py": "class Command: ...\n\n\ndef f(n: int) -> int:\n    return 2 * n  # told\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return [Placed(tmp_path / name) for name in texts]


class Placed(Module):
    @property
    def name(self) -> str:
        return self.path.name

    @property
    def folder(self) -> str:
        return "package"


def test_it_counts_files_without_init(package: list[Module]) -> None:
    assert folder_sizes(package) == {"package": 3}


def test_it_finds_gerunds_but_no_nouns(package: list[Module]) -> None:
    assert gerund_modules(package) == ["sending.py"]


def test_it_finds_class_names_with_two_meanings(package: list[Module]) -> None:
    assert duplicate_classes(package) == {"Row": ["sending.py", "routing.py"]}


def test_it_counts_words_outside_of_code(package: list[Module]) -> None:
    assert rate(package, "told") == 500.0
    assert rate(package, "nobody|somebody") == 250.0


def test_it_measures_functions_of_a_tree(package: list[Module]) -> None:
    measured = measure(package)

    assert (measured.function_median, measured.function_max) == (2, 2)
    assert measured.typed_returns_percent == 100


def test_it_takes_the_nearest_rank_as_percentile() -> None:
    assert [percentile(range(1, 11), percent) for percent in (0, 50, 90, 100)] == [1, 5, 9, 10]


def test_it_keeps_to_the_limits_of_the_house() -> None:
    measured = measure(modules(*APPS))

    assert measured.function_p90 <= 16
    assert measured.typed_returns_percent == 100


def test_it_prints_the_measurements_as_json() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "tests.architecture.measure", "--json"],
        cwd=PROJECT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip

    assert json.loads(printed.stdout)["function_max"] <= 45
