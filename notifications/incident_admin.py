"""Operators see every loss, what was told of it, and the outages of the platform."""

from __future__ import annotations

from django.contrib import admin
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext

from locations.read_only_admin import ReadOnlyAdmin
from notifications.models import Incident
from sessions_app.lifecycle import Reason
from sessions_app.wording import REASONS


class IncidentAdmin(ReadOnlyAdmin):
    """One loss of one number. ``told``: of which causes people know."""

    list_display = ("opened_at", "session", "account", "why", "lasts", "told_at", "ending")
    list_filter = (
        ("ended_at", admin.EmptyFieldListFilter),
        ("told_at", admin.EmptyFieldListFilter),
        ("outage", admin.EmptyFieldListFilter),
        "reason",
    )
    list_select_related = ("account", "session__location")
    search_fields = ("account__name", "session__location__name", "=session__id")
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

    @admin.display(description="why", ordering="reason")
    def why(self, incident: Incident) -> str:
        return gettext(REASONS[Reason(incident.reason)].sentence)

    @admin.display(description="lasts", ordering="ended_at")
    def lasts(self, incident: Incident) -> str:
        return timesince(incident.opened_at, incident.ended_at or timezone.now())


class OutageAdmin(ReadOnlyAdmin):
    """Many numbers at once. ``most``: how many were down at the same time."""

    list_display = ("began_at", "ended_at", "most", "accounts")
    list_select_related = False
    list_filter = (("ended_at", admin.EmptyFieldListFilter),)
    fields = ("began_at", "noticed_at", "ended_at", "most", "accounts")
