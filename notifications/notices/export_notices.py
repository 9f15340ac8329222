"""Notify the owner who requested an export that it is ready."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from locations.models import Export, Member
from locations.signals import export_ready
from notifications.kinds import NoticeKind
from notifications.models import Notice


def connect() -> None:
    """Connect the receiver; calling it again changes nothing."""
    export_ready.connect(_on_ready, dispatch_uid="export notices")


def _on_ready(sender: object, export: Export, **_: Any) -> None:
    member = Member.objects.filter(
        account_id=export.account_id, user__email=export.asked_by
    ).first()
    if member is None:  # a former member
        return
    facts = {
        "export": str(export.pk),
        "expires_at": export.expires_at.isoformat(),
        "size": export.size,
    }
    now = timezone.now()
    notice = Notice(
        account_id=member.account_id,
        user_id=member.user_id,
        kind=NoticeKind.EXPORT_READY,
        key=f"export:{export.pk}",
        facts=facts,
        at=now,
        tell_at=now,
    )
    Notice.objects.write([notice])
