"""Read the product's own Python files: modules, functions, classes, comments and docstrings."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
APPS = (
    "core",
    "locations",
    "sessions_app",
    "conversations",
    "notifications",
    "operations",
    "config",
)
Function = ast.FunctionDef | ast.AsyncFunctionDef
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Module:
    """One Python file."""

    path: Path

    @property
    def name(self) -> str:
        """Return the path inside the project, such as ``core/tenancy.py``."""
        return str(self.path.relative_to(PROJECT))

    @property
    def folder(self) -> str:
        return str(self.path.parent.relative_to(PROJECT))

    @property
    def app(self) -> str:
        return self.path.relative_to(PROJECT).parts[0]

    @property
    def stem(self) -> str:
        return self.path.stem

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def functions(self) -> Iterator[Function]:
        """Yield functions and methods, including nested ones."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def classes(self) -> Iterator[ast.ClassDef]:
        """Yield the classes at the top level, not inner ones such as ``Meta``."""
        for node in self.tree.body:
            if isinstance(node, ast.ClassDef):
                yield node

    def remarks(self) -> Iterator[tuple[int, str]]:
        """Yield (line, text) of each comment and docstring, without code between backquotes."""
        for line, text in self.full_remarks():
            yield line, _without_code(text)

    def full_remarks(self) -> Iterator[tuple[int, str]]:
        """Yield (line, text) of each comment and docstring."""
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string.lstrip("# ")
        for node in ast.walk(self.tree):
            if isinstance(node, _DOCUMENTED) and (text := ast.get_docstring(node, clean=False)):
                yield node.body[0].lineno, text


def _without_code(text: str) -> str:
    return re.sub(r"``[^`]*``|`[^`]*`|https?://\S+", "", text)


def length(function: Function) -> int:
    """Return the number of lines from ``def`` to the end of the body."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


@lru_cache
def modules(*folders: str) -> tuple[Module, ...]:
    """Return the modules below ``folders``, without migrations, sorted by path."""
    return tuple(
        Module(path)
        for folder in folders
        for path in sorted((PROJECT / folder).rglob("*.py"))
        if "migrations" not in path.parts
    )


def folders_of(*roots: str) -> list[str]:
    """Return the folders below ``roots`` that hold Python code, without migrations."""
    return sorted({module.folder for module in modules(*roots)})


def modules_with(pattern: str, *folders: str) -> set[str]:
    """Return the names of the modules whose text matches ``pattern``."""
    return {module.name for module in modules(*folders) if re.search(pattern, module.text)}
