"""Admin pages for incidents and outages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext

from core.web.admin_base import ReadOnlyAdmin
from notifications.models import Incident, Outage
from sessions_app.lifecycle import Reason
from sessions_app.wording import REASONS


class IncidentStateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("told", "Open, members notified"), ("ended", "Ended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "ended":
            return queryset.exclude(ended_at=None)
        if self.value() in ("open", "told"):
            found = queryset.filter(ended_at=None)
            return found.exclude(told_at=None) if self.value() == "told" else found
        return queryset


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin):
    """One loss of one number. ``told`` lists the causes that members were notified of.

    A scan that became ready in time also has a row, but is not a loss, so it is not listed.
    """

    list_display = ("opened_at", "session", "account", "why", "lasts", "told_at", "ending")
    list_filter = (IncidentStateFilter, "ending", "reason")
    list_select_related = ("account", "session__location")
    search_fields = ("account__name", "session__location__name", "=session__id", "=outage__id")
    search_help_text = "Account, location, or the id of a session or an outage"
    show_full_result_count = False
    fields = (
        "session",
        "account",
        "opened_at",
        "began_with",
        "why",
        "due_at",
        "told",
        "told_at",
        "reminders",
        "remind_at",
        "outage",
        "ended_at",
        "ending",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        incidents: QuerySet[Incident] = super().get_queryset(request)
        return incidents.exclude(began_with=str(Reason.PAIRING), told_at=None)

    @admin.display(description="why", ordering="reason")
    def why(self, incident: Incident) -> str:
        return gettext(REASONS[Reason(incident.reason)].sentence)

    @admin.display(description="duration", ordering="ended_at")
    def lasts(self, incident: Incident) -> str:
        return timesince(incident.opened_at, incident.ended_at or timezone.now())


@admin.register(Outage)
class OutageAdmin(ReadOnlyAdmin):
    """An outage of many numbers. ``most`` is the highest number that was down at once."""

    list_display = ("began_at", "ended_at", "most", "accounts")
    list_select_related = False
    list_filter = (("ended_at", admin.EmptyFieldListFilter),)
    fields = ("began_at", "noticed_at", "ended_at", "most", "accounts")
