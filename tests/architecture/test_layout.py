"""The arrangement of files: narrow folders, short modules, tests that mirror the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.measure import folder_sizes
from tests.architecture.sources import APPS, PROJECT, folders_of, length, modules

FILES_IN_A_FOLDER = 20
FILE_LINES = 300
FUNCTION_LINES = 45
JUNK_DRAWERS = {"utils", "helpers", "services", "managers", "misc", "common"}
MIRRORS = ("tests/unit", "tests/integration")
# Tests about all apps at once, or about the way from one version to the next.
WITHOUT_COUNTERPART = {"upgrade"}


def test_it_keeps_folders_narrow() -> None:
    sizes = folder_sizes(modules(*APPS, "bench", "simulator", "tests"))

    assert {name: size for name, size in sizes.items() if size > FILES_IN_A_FOLDER} == {}


@pytest.mark.parametrize("folder", [*APPS, "simulator", "bench"])
def test_it_keeps_files_and_functions_short(folder: str) -> None:
    files = [(m.name, m.text.count("\n")) for m in modules(folder)]
    functions = [(f"{m.name}:{f.name}", length(f)) for m in modules(folder) for f in m.functions()]

    assert [found for found in files if found[1] > FILE_LINES] == []
    assert [found for found in functions if found[1] > FUNCTION_LINES] == []


def test_it_has_no_junk_drawers() -> None:
    found = modules(*APPS, "simulator", "bench")

    assert [module.name for module in found if module.stem in JUNK_DRAWERS] == []


@pytest.mark.parametrize("root", MIRRORS)
def test_it_mirrors_each_code_folder_in_the_test_folders(root: str) -> None:
    mirrored = [folder.removeprefix(root).strip("/") for folder in folders_of(root)]

    assert [path for path in mirrored if path and not _in_product(path)] == []


def _in_product(path: str) -> bool:
    return (
        Path(path).parts[0] in WITHOUT_COUNTERPART
        or (PROJECT / path).is_dir()
        or (PROJECT / f"{path}.py").is_file()
    )
