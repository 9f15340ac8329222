"""The list of numbers: the query in its URL, and the page of results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypedDict
from unicodedata import normalize
from urllib.parse import quote, urlencode

from django.core.paginator import Page, Paginator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from locations.principals import Principal
from sessions_app import presentation as show
from sessions_app.pages.location_table import (
    LocationEntry,
    LocationTable,
    LocationTableRow,
    location_table,
)

ROWS_A_PAGE = 25
DEFAULT_SORT = "location"

_HEADS: Mapping[str, Promise] = {
    "location": _("Location"),
    "number": _("Number"),
    "status": _("Status"),
    "since": _("Since"),
}


def _by_name(entry: LocationEntry) -> str:
    """Sort accented letters with their base letter: É with E, not after Z."""
    return normalize("NFKD", entry.name).casefold()


_SORTS: Mapping[str, Callable[[LocationEntry], Any]] = {
    "location": _by_name,
    "number": lambda e: (e.columns.phone_number if e.columns else "", _by_name(e)),
    "status": lambda e: (show.urgency(e.key), _by_name(e)),
    "since": lambda e: (e.columns.since.timestamp() if e.columns else 0, _by_name(e)),
}
_HAS: Mapping[str, Callable[[LocationEntry], bool]] = {
    "number": lambda e: bool(e.columns and e.columns.phone_number),
    "since": lambda e: e.columns is not None,
}


@dataclass(frozen=True)
class Query:
    """The query parameters of the list."""

    text: str = ""
    chip: str = ""
    sort: str = DEFAULT_SORT
    page: str = "1"

    @classmethod
    def parse(cls, parameters: Mapping[str, Any]) -> Query:
        sort = str(parameters.get("sort", DEFAULT_SORT))
        return cls(
            text=str(parameters.get("q", "")).strip()[:100],
            chip=show.known_chip(str(parameters.get("status", ""))),
            sort=sort if sort.removeprefix("-") in _SORTS else DEFAULT_SORT,
            page=str(parameters.get("page", "1"))[:9],
        )

    @property
    def filters(self) -> str:
        """The query string without the page, ready for one more parameter."""
        return "".join(f"{name}={quote(value)}&" for name, value in self._parameters().items())

    @property
    def address(self) -> str:
        """The whole query string."""
        return f"{self.filters}page={quote(self.page)}"

    @property
    def filtered(self) -> bool:
        """Whether the query filters by text or status."""
        return bool(self.text or self.chip)

    def link(self, **changed: str) -> str:
        """Return the URL of the first page of the list with these parameters changed."""
        parameters = replace(self, **changed)._parameters()
        return f"?{urlencode(parameters)}" if parameters else "?"

    def _parameters(self) -> dict[str, str]:
        sort = "" if self.sort == DEFAULT_SORT else self.sort
        parameters = {"q": self.text, "status": self.chip, "sort": sort}
        return {name: value for name, value in parameters.items() if value}


@dataclass(frozen=True)
class Head:
    """A column heading, with a link that sorts by it or reverses its order."""

    label: str | Promise
    link: str
    order: str  # "ascending", "descending", or "" if the list is sorted by another column


class Listing(TypedDict):
    """The content of the list for one user."""

    answer: str
    chips: list[tuple[show.Chip, str]]
    heads: list[Head]
    rows: list[LocationTableRow]
    page: Page[LocationEntry]
    query: Query
    locations: int
    found_sessions: int
    may_write: bool


def listing(principal: Principal, query: Query) -> Listing:
    """Return the page of ``query`` for ``principal``: locations and their numbers."""
    table = location_table(principal)
    found = matching(table, query)
    page = Paginator(found, ROWS_A_PAGE).get_page(query.page)
    return {
        "answer": table.answer(),
        "chips": [(chip, query.link(chip=chip.key)) for chip in table.chips(chosen=query.chip)],
        "heads": _heads(query),
        "rows": table.rows(list(page.object_list)),
        "page": page,
        "query": query,
        "locations": len(table.entries),
        "found_sessions": sum(entry.columns is not None for entry in found),
        "may_write": table.writable,
    }


def matching(table: LocationTable, query: Query) -> list[LocationEntry]:
    """Return the entries that match ``query``, in its order; those without a value come last."""
    found = [entry for entry in table.entries if _matches(entry, query)]
    name, backwards = query.sort.removeprefix("-"), query.sort.startswith("-")
    found.sort(key=_SORTS[name], reverse=backwards)
    if name in _HAS:
        found.sort(key=lambda entry: not _HAS[name](entry))
    return found


def _matches(entry: LocationEntry, query: Query) -> bool:
    if query.chip and entry.key != query.chip:
        return False
    if not query.text:
        return True
    number = entry.columns.phone_number if entry.columns else ""
    digits = "".join(character for character in query.text if character.isdigit())
    return query.text.casefold() in entry.name.casefold() or (len(digits) >= 3 and digits in number)


def _heads(query: Query) -> list[Head]:
    by, backwards = query.sort.removeprefix("-"), query.sort.startswith("-")
    heads = []
    for name, label in _HEADS.items():
        order = ("descending" if backwards else "ascending") if name == by else ""
        reversed_sort = f"-{name}" if order == "ascending" else name
        heads.append(Head(label, query.link(sort=reversed_sort), order))
    return heads
