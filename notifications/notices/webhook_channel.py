"""Deliver notices to webhooks and Slack channels: one event for notices sent together.

Only notices for every member of an account are delivered, since anyone may read a channel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.kinds import DEFAULTS, Audience, NoticeKind
from notifications.models import Delivery, Notice, Webhook, WebhookEvent
from notifications.notices.sentences import sentence

LISTED = 100  # sessions in one event
Group = Sequence[Notice]


def deliver(groups: Iterable[Group]) -> None:
    """Write the deliveries of ``groups`` in the transaction that sends the notices.

    Each group has the notices of one account and kind.
    """
    shown = [group for group in groups if _is_for_channels(group[0])]
    accounts = {group[0].account_id for group in shown}
    webhooks = Webhook.objects.working(accounts) if accounts else []
    Delivery.objects.bulk_create(
        delivery for group in shown for delivery in _deliveries(group, webhooks)
    )


def payload(kind: NoticeKind, notices: Group) -> dict[str, Any]:
    """Return the payload about ``notices``: at least one, all of ``kind``."""
    sessions = [_session(kind, notice) for notice in notices[:LISTED]]
    if len(notices) == 1:
        text, url = sessions[0]["sentence"], sessions[0]["url"]
    else:
        text = _("%(count)d numbers: %(what)s") % {"count": len(notices), "what": kind.label}
        url = settings.PUBLIC_URL + reverse("numbers")
    return {
        "kind": str(kind),
        "sentence": text,
        "count": len(notices),
        "sessions": sessions,
        "url": url,
    }


def _is_for_channels(notice: Notice) -> bool:
    to_all = DEFAULTS[NoticeKind(notice.kind)].audience is Audience.EVERYONE
    return to_all and notice.user_id is None and not notice.quiet


def _deliveries(group: Group, webhooks: Iterable[Webhook]) -> Iterator[Delivery]:
    """Yield a delivery for each webhook; one of a location gets notices of that location only."""
    event_ids: dict[UUID | None, UUID] = {}
    for webhook in webhooks:
        subscribed = [
            n
            for n in group
            if webhook.subscribes_to(WebhookEvent.NOTICE, n.account_id, n.location_id)
        ]
        if not subscribed:
            continue
        now = timezone.now()
        yield Delivery(
            account_id=webhook.account_id,
            webhook_id=webhook.pk,
            event_id=event_ids.setdefault(webhook.location_id, uuid4()),
            kind=WebhookEvent.NOTICE,
            session_id=subscribed[0].session_id if len(subscribed) == 1 else None,
            payload=payload(NoticeKind(subscribed[0].kind), subscribed),
            created_at=now,
            queued_at=now,
            next_attempt_at=now,
        )


def _session(kind: NoticeKind, notice: Notice) -> dict[str, Any]:
    facts = notice.facts
    page = reverse("session", args=[notice.session_id]) if notice.session_id else reverse("numbers")
    return {
        "session": notice.session_id,
        "location": notice.location_id,
        "location_name": facts.get("location", ""),
        "phone_number": facts.get("number", ""),
        "sentence": sentence(kind, facts),
        "reason": facts.get("reason", ""),
        "since": facts.get("since") or None,
        "url": settings.PUBLIC_URL + page,
    }
