"""No module imports another one that imports it back, not even for annotations."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PRODUCT = (
    "core",
    "locations",
    "sessions_app",
    "conversations",
    "notifications",
    "operations",
    "config",
)


def _modules(packages: tuple[str, ...]) -> dict[str, Path]:
    """Return the paths of all modules, by dotted name. Migrations are left out."""
    found = {}
    for package in packages:
        for path in sorted((PROJECT / package).rglob("*.py")):
            parts = path.relative_to(PROJECT).with_suffix("").parts
            if "migrations" not in parts:
                found[".".join(parts).removesuffix(".__init__")] = path
    return found


def _imported(path: Path) -> Iterator[str]:
    """Yield the dotted names that a module imports, be they modules or their contents.

    Imports in functions and under ``TYPE_CHECKING`` count, too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _import_graph(packages: tuple[str, ...]) -> dict[str, set[str]]:
    """Return the modules that each module imports."""
    modules = _modules(packages)
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        imported = graph[module] = set()
        for name in _imported(path):
            target = name if name in modules else name.rpartition(".")[0]
            if target in modules:
                imported.add(target)
    return graph


@pytest.mark.parametrize(
    "packages", [PRODUCT, ("simulator",), ("bench",)], ids=["product", "simulator", "bench"]
)
def test_it_has_no_import_cycles(packages: tuple[str, ...]) -> None:
    graph = _import_graph(packages)
    assert len(graph) > 10  # the packages were found

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("Import cycle: " + " → ".join(reversed(error.args[1])))
