"""No module imports another one that imports it back, not even for annotations."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.architecture.sources import APPS, Module, modules


def _dotted(module: Module) -> str:
    return module.name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def _imported(module: Module) -> Iterator[str]:
    """Yield the dotted names that a module imports, be they modules or their contents.

    Imports in functions and under ``TYPE_CHECKING`` count, too."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module.name} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _import_graph(packages: tuple[str, ...]) -> dict[str, set[str]]:
    """Return the modules that each module imports."""
    found = {_dotted(module): module for module in modules(*packages)}
    graph: dict[str, set[str]] = {}
    for name, module in found.items():
        targets = (one if one in found else one.rpartition(".")[0] for one in _imported(module))
        graph[name] = {target for target in targets if target in found}
    return graph


@pytest.mark.parametrize(
    "packages", [APPS, ("simulator",), ("bench",)], ids=["product", "simulator", "bench"]
)
def test_it_has_no_import_cycles(packages: tuple[str, ...]) -> None:
    graph = _import_graph(packages)
    assert any(graph.values())  # the packages were found

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("Import cycle: " + " → ".join(reversed(error.args[1])))
