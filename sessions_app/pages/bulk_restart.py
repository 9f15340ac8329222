"""One wish for many numbers at once. Each goes through the tenant door on its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, QueryDict
from django.utils.translation import gettext, ngettext

from locations.access import find_writable
from locations.principals import Principal
from sessions_app import actions
from sessions_app.models import NotPossible, Session
from sessions_app.pages.location_table import LocationTableRow, location_table
from sessions_app.pages.number_list import Query, matching

MOST_AT_ONCE = 1_000


@dataclass
class RestartResult:
    """How many were asked, and why others were not: a sentence and how many it concerns."""

    asked: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        says = ngettext("Restarting one number.", "Restarting %(count)s numbers.", self.asked)
        told = [says % {"count": self.asked}] if self.asked else []
        for why, count in self.refused.most_common():
            words = ngettext(
                "Not restarted: one number.", "Not restarted: %(count)s numbers.", count
            )
            told.append(f"{words % {'count': count}} {why}")
        return " ".join(told)


def chosen(principal: Principal, asked: QueryDict) -> list[LocationTableRow]:
    """The rows with a number that the list's form asks for: those that were ticked, or, with
    ``all``, whatever the list's query matches now. Foreign and unknown ids are left out."""
    everything = location_table(principal)
    if asked.get("all"):
        found = matching(everything, Query.parse(asked))
    else:
        ticked = set(asked.getlist("session"))
        found = [e for e in everything.entries if e.columns and str(e.columns.id) in ticked]
    with_number = [e for e in found if e.columns and everything.may_write(e.account_id)]
    return everything.rows(with_number[:MOST_AT_ONCE])


def listed_ids(text: str) -> list[str]:
    """The ids of a form that was shown to be confirmed: one field, parted by commas."""
    return list(dict.fromkeys(filter(None, text.split(","))))[:MOST_AT_ONCE]


def restart(principal: Principal, session_ids: Iterable[str | UUID]) -> RestartResult:
    """Ask for a restart of each. Raises PermissionDenied when every one of them may only be
    looked at."""
    outcome, only_looked_at = RestartResult(), 0
    for session_id in session_ids:
        try:
            with transaction.atomic():
                _restart_one(principal, session_id)
            outcome.asked += 1
        except Http404:
            outcome.refused[gettext("It is no longer here.")] += 1
        except PermissionDenied:
            only_looked_at += 1
            outcome.refused[gettext("You may look at it but not change it.")] += 1
        except NotPossible as error:
            outcome.refused[str(error)] += 1
    if only_looked_at and only_looked_at == outcome.refused.total() and not outcome.asked:
        raise PermissionDenied
    return outcome


def _restart_one(principal: Principal, session_id: str | UUID) -> None:
    sessions = Session.objects.select_related("location", "account")
    session = find_writable(sessions, principal, session_id)
    actions.restart(principal, session)


def by_status(rows: Iterable[LocationTableRow]) -> Mapping[str, int]:
    """How many of ``rows`` are in which status, by its word."""
    return Counter(row["session"]["label"] for row in rows if row["session"])
