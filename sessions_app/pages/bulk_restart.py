"""Restart many numbers at once. Access is checked for each."""

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
from locations.plans.action_limits import TooOften
from locations.principals import Principal
from sessions_app import actions
from sessions_app.models import NotPossible, Session
from sessions_app.pages.location_table import LocationTableRow, location_table
from sessions_app.pages.number_list import Query, matching

MOST_AT_ONCE = 1_000


@dataclass
class RestartResult:
    """How many numbers are restarted, and for each reason (a sentence) how many are not."""

    restarted: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        text = ngettext("Restarting one number.", "Restarting %(count)s numbers.", self.restarted)
        sentences = [text % {"count": self.restarted}] if self.restarted else []
        for reason, count in self.refused.most_common():
            text = ngettext(
                "Not restarted: one number.", "Not restarted: %(count)s numbers.", count
            )
            sentences.append(f"{text % {'count': count}} {reason}")
        return " ".join(sentences)


def selected(principal: Principal, form: QueryDict) -> list[LocationTableRow]:
    """Return the rows with a number that the list's ``form`` selects: the ticked ones, or, with
    ``all``, those that match its query now. Foreign and unknown ids are ignored."""
    table = location_table(principal)
    if form.get("all"):
        found = matching(table, Query.parse(form))
    else:
        ticked = set(form.getlist("session"))
        found = [e for e in table.entries if e.columns and str(e.columns.id) in ticked]
    with_number = [e for e in found if e.columns and table.may_write(e.account_id)]
    return table.rows(with_number[:MOST_AT_ONCE])


def listed_ids(text: str) -> list[str]:
    """Return the ids in the confirmation form's field, which separates them by commas."""
    return list(dict.fromkeys(filter(None, text.split(","))))[:MOST_AT_ONCE]


def restart(principal: Principal, session_ids: Iterable[str | UUID]) -> RestartResult:
    """Restart each session. Raises PermissionDenied if ``principal`` may view, but not change,
    all of them."""
    result, read_only = RestartResult(), 0
    for session_id in session_ids:
        try:
            with transaction.atomic():
                _restart_one(principal, session_id)
            result.restarted += 1
        except Http404:
            result.refused[gettext("It no longer exists.")] += 1
        except PermissionDenied:
            read_only += 1
            result.refused[gettext("You may view it, but not change it.")] += 1
        except (NotPossible, TooOften) as error:
            result.refused[str(error)] += 1
    if read_only and read_only == result.refused.total() and not result.restarted:
        raise PermissionDenied
    return result


def _restart_one(principal: Principal, session_id: str | UUID) -> None:
    sessions = Session.objects.select_related("location", "account")
    session = find_writable(sessions, principal, session_id)
    actions.restart(principal, session)


def by_status(rows: Iterable[LocationTableRow]) -> Mapping[str, int]:
    """Return how many of ``rows`` have each status, by its label."""
    return Counter(row["session"]["label"] for row in rows if row["session"])
