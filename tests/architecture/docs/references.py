"""Find the files, modules and objects that a Markdown page names, and check that they exist."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from django.apps import apps

from tests.architecture.sources import APPS, PROJECT

FOLDERS = (
    *APPS,
    *("bench", "bin", "deploy", "docs", "requirements", "simulator", "static", "templates"),
    "tests",
)
_PATH = re.compile(rf"(?<![\w./-])((?:{'|'.join(FOLDERS)})/[\w./-]*)")
_DOTTED = re.compile(rf"(?<![\w./-])((?:{'|'.join((*APPS, 'tests', 'simulator'))})(?:\.\w+)+)")
_FILE = re.compile(r"(?<![\w./-])([\w-]+(?:/[\w-]+)*\.py)\b")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[\w-]*)?\)")
_CODE = re.compile(r"`([^`\n]+)`")


def broken(page: Path) -> list[str]:
    """Return the names in ``page`` that lead nowhere: links, paths, modules and objects."""
    text = page.read_text()
    return list(dict.fromkeys([*_broken_links(page, text), *_broken_names(text)]))


def _broken_links(page: Path, text: str) -> Iterator[str]:
    for target in _LINK.findall(text):
        if "://" not in target and not (page.parent / target).exists():
            yield target


def _broken_names(text: str) -> Iterator[str]:
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for code in _CODE.findall(prose):
        if not re.search(r"[<*…]|://", code):  # a pattern or a URL
            yield from broken_names(code)


def broken_names(code: str) -> Iterator[str]:
    """Yield the paths, modules and objects in ``code`` that do not exist."""
    yield from (name for name in _PATH.findall(code) if not (PROJECT / name).exists())
    yield from (name for name in _FILE.findall(code) if not _is_file(name))
    yield from (name for name in _DOTTED.findall(code) if not _resolves(name))


def _is_file(name: str) -> bool:
    """Return whether a file of the repository has this path, or a path that ends with it."""
    return any(path == name or path.endswith(f"/{name}") for path in _python_files())


@lru_cache
def _python_files() -> frozenset[str]:
    folders = (PROJECT / folder for folder in FOLDERS)
    found = [path for folder in folders for path in folder.rglob("*.py")]
    return frozenset(str(path.relative_to(PROJECT)) for path in [*found, PROJECT / "manage.py"])


def _resolves(name: str) -> bool:
    """Return whether ``name`` is a module, an object in one, or a model such as
    ``locations.Account``."""
    words = name.split(".")
    if len(words) == 2 and words[0] in apps.app_configs:
        models = {model.__name__ for model in apps.get_app_config(words[0]).get_models()}
        if words[1] in models:
            return True
    for end in range(len(words), 0, -1):
        path = PROJECT.joinpath(*words[:end])
        if path.is_dir() or path.with_suffix(".py").is_file():
            return end == len(words) or _has(".".join(words[:end]), words[end:])
    return False


def _has(module: str, attributes: list[str]) -> bool:
    found: object = importlib.import_module(module)
    for attribute in attributes:
        if not hasattr(found, attribute):
            return False
        found = getattr(found, attribute)
    return True
