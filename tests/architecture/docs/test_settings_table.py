"""Every setting is read in one module, and documented in .env.example and the README."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

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


# Documented in words, since the default is computed, or not fit to be read.
IN_WORDS = {
    "DJANGO_SECRET_KEY": "required",
    "FIELD_ENCRYPTION_KEYS": "from `DJANGO_SECRET_KEY`",
    "DJANGO_ALLOWED_HOSTS": "`localhost,…`",
    "DATABASE_URL": "SQLite",
}
COMPUTED = {"DATA_DIR": "data", "DATABASE_URL": "", "OPERATORS_NEED_SECOND_STEP": "true"}


def _calls() -> Iterator[ast.Call]:
    """Yield the calls that read a variable."""
    for module in modules("config"):
        for node in ast.walk(module.tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "env"
                and node.func.attr in READERS
                and isinstance(node.args[0], ast.Constant)
            ):
                yield node


def _default(call: ast.Call, name: str) -> str:
    """Return the default of a variable as it is written in a file of the environment."""
    if name in COMPUTED:
        return COMPUTED[name]
    given = [*call.args[1:2], *(one.value for one in call.keywords if one.arg == "default")]
    value = ast.literal_eval(given[0]) if given else ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _defaults() -> dict[str, str]:
    named = [(str(ast.literal_eval(call.args[0])), call) for call in _calls()]
    return {name: _default(call, name) for name, call in named}


def _read_in_code() -> set[str]:
    return set(_defaults())


def _documented(file: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, (PROJECT / file).read_text(), re.MULTILINE))


def test_it_lists_every_variable_in_the_example_file() -> None:
    assert _documented(".env.example", r"^([A-Z_]+)=") == _read_in_code()


def test_it_lists_every_variable_in_the_readme() -> None:
    assert _documented("README.md", r"^\| `([A-Z_]+)` \|") == _read_in_code()


def test_it_states_each_default_in_the_example_file() -> None:
    stated = re.findall(r"^([A-Z_]+)=(.*)$", (PROJECT / ".env.example").read_text(), re.MULTILINE)

    assert dict(stated) == _defaults()


def test_it_states_each_default_in_the_readme() -> None:
    row = r"^\| `([A-Z_]+)` \| (.*?) \|"
    stated = re.findall(row, (PROJECT / "README.md").read_text(), re.MULTILINE)
    expected = {name: f"`{value}`" if value else "none" for name, value in _defaults().items()}

    assert dict(stated) == expected | IN_WORDS


def test_it_reads_the_environment_in_few_modules() -> None:
    assert modules_with(r"os\.environ|os\.getenv", *APPS) <= READ_THE_ENVIRONMENT
