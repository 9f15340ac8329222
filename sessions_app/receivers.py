"""The part of sessions in deleting and exporting accounts, in deleting locations, and in the audit
log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.dispatch import receiver
from django.utils.translation import ngettext

from core.data.csv_export import columns
from locations.audit import record
from locations.principals import Principal
from locations.signals import (
    ExportFile,
    Loss,
    account_closing,
    export_asked,
    hold_asked,
    location_hold_asked,
    loss_asked,
)
from sessions_app.audit_verbs import SessionVerb
from sessions_app.lifecycle import Event, Reason, Wanted
from sessions_app.models import Session, SessionEvent
from sessions_app.signals import sessions_written

_SESSIONS = {
    "id": "id", "location": "location__name", "number": "phone_number", "created_at": "created_at",
    "created_by": "created_by", "wanted": "wanted", "status": "status", "reason": "reason",
    "since": "since", "last_proof_at": "last_proof_at", "phone_seen_at": "phone_seen_at",
}  # fmt: skip
_EVENTS = {
    "session": "session_id", "at": "at", "event": "event", "from": "old_status",
    "to": "new_status", "reason": "reason", "detail": "detail", "who": "actor",
}  # fmt: skip


@receiver(account_closing)
def unlink_all(sender: object, account_id: UUID, by: str, **kwargs: object) -> None:
    """Ask every session of the account to unlink; the gateway does it."""
    for session in Session.objects.of_accounts([account_id]).live():
        session.ask_unlink(by=by)


@receiver(hold_asked)
def count_linked(sender: object, account_id: UUID, **kwargs: object) -> int:
    """How many sessions are not unlinked yet: their numbers, or their attempts."""
    asked = Session.objects.of_accounts([account_id]).filter(wanted=Wanted.UNLINKED)
    return int(asked.exclude(Q(reason=Reason.UNLINKED) & Q(jid="")).count())


@receiver(export_asked)
def export_rows(sender: object, account_id: UUID, **kwargs: object) -> list[ExportFile]:
    """Sessions and their timelines. No codes, no keys."""
    sessions = Session.objects.of_accounts([account_id]).order_by("created_at", "id")
    events = SessionEvent.objects.of_accounts([account_id]).order_by("at", "id")
    return [
        ExportFile("sessions.json", columns(sessions, _SESSIONS)),
        ExportFile("timeline.json", columns(events, _EVENTS)),
    ]


@receiver(loss_asked)
def deletion_summary(sender: object, account_id: UUID, **kwargs: object) -> list[Loss]:
    linked = Session.objects.of_accounts([account_id]).live().exclude(jid="").count()
    words = ngettext(
        "%d linked number, which is unlinked first",
        "%d linked numbers, which are unlinked first",
        linked,
    )
    return [Loss(linked, words % linked)]


@receiver(location_hold_asked)
def location_is_linked(sender: object, location_id: UUID, **kwargs: object) -> bool:
    """Return whether the location has a session that is not unlinked yet. Deleting it would leave
    a linked device at WhatsApp that no one could remove."""
    gone = Q(wanted=Wanted.UNLINKED, reason=Reason.UNLINKED, jid="")
    return bool(Session.objects.of_location(location_id).exclude(gone).exists())


@receiver(sessions_written)
def audit_refused_numbers(sender: object, changes: Sequence[Any], **kwargs: object) -> None:
    """Record that the phone of another number was unlinked: no user did it here."""
    for change in changes:
        if change.change.event is Event.OTHER_NUMBER:
            session = change.session
            record(
                Principal({}, change.change.actor),
                session.account_id,
                SessionVerb.OTHER_NUMBER_REFUSED,
                session.location.name,
                change.change.detail,
            )
