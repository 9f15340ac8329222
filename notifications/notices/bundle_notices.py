"""Notify the user who requested a support bundle that it is ready."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from locations.models import Member
from notifications.kinds import NoticeKind
from notifications.models import Notice
from sessions_app.models import SupportBundle
from sessions_app.signals import bundle_ready


def connect() -> None:
    """Connect the receiver; calling it again changes nothing."""
    bundle_ready.connect(_on_ready, dispatch_uid="bundle notices")


def _on_ready(sender: object, bundle: SupportBundle, **_: Any) -> None:
    if bundle.account_id is None:  # requested by an operator, who finds it in the admin
        return
    member = Member.objects.filter(
        account_id=bundle.account_id, user__email=bundle.asked_by
    ).first()
    if member is None:  # an operator who views the account, or a former member
        return
    session = bundle.session
    facts = {
        "bundle": str(bundle.pk),
        "expires_at": bundle.expires_at.isoformat(),
        "size": bundle.size,
        "location": session.location.name if session else "",
    }
    now = timezone.now()
    notice = Notice(
        account_id=member.account_id,
        user_id=member.user_id,
        kind=NoticeKind.BUNDLE_READY,
        key=f"bundle:{bundle.pk}",
        session_id=session.pk if session else None,
        location_id=session.location_id if session else None,
        facts=facts,
        at=now,
        tell_at=now,
    )
    Notice.objects.write([notice])
