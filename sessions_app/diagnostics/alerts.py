"""Operator alerts about sessions and the machine."""

from __future__ import annotations

from django.db.models import Count
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext

from core.health.findings import Finding
from core.health.operator_alerts import Alert
from core.health.severity import Severity
from core.text.units import plural
from sessions_app.diagnostics import machine
from sessions_app.diagnostics import sessions as session_checks
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.models import Session
from sessions_app.wording import REASONS

# Faults that only an operator can fix. Customers must act on all other bad reasons.
_OURS = frozenset(
    {
        Reason.STORAGE_FULL,
        Reason.CLOCK_WRONG,
        Reason.ENGINE_UNAVAILABLE,
        Reason.CLIENT_OUTDATED,
        Reason.KEYS_DAMAGED,
        Reason.KEYS_MISSING,
        Reason.UNREACHABLE,
    }
)
# Down on purpose, or never linked.
_NO_FAULT = frozenset(
    {
        Reason.QR_EXPIRED,
        Reason.USER_DISCONNECT,
        Reason.UNLINKED,
        Reason.CLEANED_UP,
        Reason.SUSPENDED_BILLING,  # its account has an alert of its own
    }
)


def sessions() -> list[Alert]:
    """Return an alert for each bad reason for which sessions are down."""
    down = Session.objects.filter(wanted=Wanted.LINKED, status=Status.DISCONNECTED)
    bad = down.exclude(reason__in=[str(reason) for reason in _NO_FAULT])
    counts = bad.order_by().values_list("reason").annotate(count=Count("pk"))
    return [_alert(Reason(reason), count) for reason, count in counts]


def _alert(reason: Reason, count: int) -> Alert:
    words = REASONS[reason]
    filters = {"status__exact": str(Status.DISCONNECTED), "reason": str(reason)}
    return Alert(
        Severity.CRITICAL if reason in _OURS else Severity.ERROR,
        plural(count, "number"),
        gettext(words.sentence),
        gettext(words.advice),
        f"{reverse('admin:sessions_app_session_changelist')}?{urlencode(filters)}",
    )


def installation() -> list[Alert]:
    """Return the findings of the fast health checks: rows, gateways, disk and data folder."""
    found: list[Finding] = [*session_checks.sessions(), *session_checks.gateways()]
    found += [*session_checks.seals(), *machine.data_folder(), *machine.disk()]
    return [
        Alert(finding.severity, finding.name, finding.text, finding.next_step)
        for finding in found
        if finding.severity is not Severity.OK
    ]
