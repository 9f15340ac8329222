"""What of the sessions and of the machine an operator should see at once."""

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
from sessions_app.diagnostics import sessions as row_looks
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.models import Session
from sessions_app.wording import REASONS

# Faults that the customer cannot mend; every other bad reason waits for him.
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
# Down by somebody's will, or never linked.
_NO_FAULT = frozenset(
    {
        Reason.QR_EXPIRED,
        Reason.USER_DISCONNECT,
        Reason.UNLINKED,
        Reason.CLEANED_UP,
        Reason.SUSPENDED_BILLING,  # a line about its account says so
    }
)


def sessions() -> list[Alert]:
    """Those that are down for a bad reason, a line for each reason."""
    down = Session.objects.filter(wanted=Wanted.LINKED, status=Status.DISCONNECTED)
    bad = down.exclude(reason__in=[str(reason) for reason in _NO_FAULT])
    counts = bad.order_by().values_list("reason").annotate(count=Count("pk"))
    return [_line(Reason(reason), count) for reason, count in counts]


def _line(reason: Reason, count: int) -> Alert:
    words = REASONS[reason]
    asked = {"status__exact": str(Status.DISCONNECTED), "reason": str(reason)}
    return Alert(
        Severity.CRITICAL if reason in _OURS else Severity.ERROR,
        plural(count, "number"),
        gettext(words.sentence),
        gettext(words.advice),
        f"{reverse('admin:sessions_app_session_changelist')}?{urlencode(asked)}",
    )


def installation() -> list[Alert]:
    """The findings of the diagnostics that take no time: rows, gateways, disk and data folder."""
    found: list[Finding] = [*row_looks.sessions(), *row_looks.gateways(), *row_looks.seals()]
    found += [*machine.data_folder(), *machine.disk()]
    return [
        Alert(finding.severity, finding.name, finding.text, finding.next_step)
        for finding in found
        if finding.severity is not Severity.OK
    ]
