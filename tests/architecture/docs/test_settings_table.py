"""Every setting is read in one module, and documented in .env.example and the README."""

from __future__ import annotations

import ast
import re

from tests.architecture.sources import APPS, PROJECT, modules, modules_with

READERS = {"text", "boolean", "integer", "words", "choice", "database", "email", "keys"}
# bootstrap.py prepares the environment of the server it starts; engine_process.py passes an
# allow-listed part of it on to an engine.
READ_THE_ENVIRONMENT = {
    "config/env.py",
    "config/bootstrap.py",
    "config/asgi.py",
    "sessions_app/gateway/engine_process.py",
}


def _read_in_code() -> set[str]:
    return {
        str(node.args[0].value)
        for module in modules("config")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.func.attr in READERS
        and isinstance(node.args[0], ast.Constant)
    }


def _documented(file: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, (PROJECT / file).read_text(), re.MULTILINE))


def test_it_lists_every_variable_in_the_example_file() -> None:
    assert _documented(".env.example", r"^([A-Z_]+)=") == _read_in_code()


def test_it_lists_every_variable_in_the_readme() -> None:
    assert _documented("README.md", r"^\| `([A-Z_]+)` \|") == _read_in_code()


def test_it_reads_the_environment_in_few_modules() -> None:
    assert modules_with(r"os\.environ|os\.getenv", *APPS) <= READ_THE_ENVIRONMENT
