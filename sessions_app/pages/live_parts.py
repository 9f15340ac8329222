"""The registry of live parts that apps above this one add to its pages.

They register in their ``apps.py``, so that this app names no template of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from django.template.loader import render_to_string

Parts = Mapping[str, str]
"""The id of an element of the page → its HTML."""

Render = Callable[[Mapping[str, Any]], str]
"""Takes the context of the page and returns HTML."""


class Page(Enum):
    """A page to which other apps add parts."""

    OVERVIEW = "overview"
    FIRST_NUMBER = "overview of an account without a number"


class Reload(Enum):
    """Something that an open page shows but that a socket does not read itself."""

    MESSAGES = "messages"  # context: ``session_id``
    NOTICES = "notices"


_PARTS: dict[Page, dict[str, Render]] = {page: {} for page in Page}
_RELOADS: dict[Reload, Render] = {}


def template(name: str) -> Render:
    """Return a function that renders the template ``name``."""
    return lambda context: render_to_string(name, dict(context))


def register_part(page: Page, name: str, render: Render) -> None:
    """Add a part to ``page``. ``name`` is the id of its element, which ``render`` returns with
    ``hx-swap-oob`` if the context contains ``oob``."""
    _PARTS[page][name] = render


def register_reload(reload: Reload, render: Render) -> None:
    """Set the element that makes an open page fetch ``reload`` again."""
    _RELOADS[reload] = render


def registered_parts(page: Page, context: Mapping[str, Any]) -> Parts:
    """Render the registered parts of ``page``, in the order of their registration."""
    return {name: render(context) for name, render in _PARTS[page].items()}


def reload_element(reload: Reload, **context: object) -> str:
    """Return the element that makes an open page fetch ``reload`` again."""
    return _RELOADS[reload](context)
