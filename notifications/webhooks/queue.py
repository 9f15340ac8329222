"""The queue of deliveries: each function is one whole transaction of the sender.

A delivery is claimed for ``LEASE``, longer than an attempt may take. Two processes never hold
the same one at once; when one dies with it, it is due again after that time.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Max, Min
from django.utils import timezone
from django.utils.translation import gettext_noop

from core.data.batch_delete import delete_in_batches
from core.security.encryption import SealBroken
from notifications.kinds import NoticeKind
from notifications.models import Delivery, DeliveryState, Notice, Webhook, WebhookEvent
from notifications.webhooks.actions import name_of
from notifications.webhooks.payloads import Gone, body_of
from notifications.webhooks.retry import is_dead, wait_before_next

LEASE = timedelta(seconds=25)
KEPT = timedelta(days=30)
_ERROR_CHARACTERS = 200
DEAD_REASON = gettext_noop("Nothing could be delivered for 24 hours.")
_SWITCHED_OFF = gettext_noop("Not sent: the webhook was switched off.")
_SEALED = gettext_noop("Its address or its secret cannot be read. Give it both anew.")


@dataclass(frozen=True)
class Outgoing:
    """A delivery that is claimed, with all that an attempt needs. ``attempt`` counts from 1."""

    delivery: UUID
    webhook: UUID
    session: UUID | None
    kind: str
    attempt: int
    url: str
    secret: str  # "": it is not signed
    body: bytes


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: the status of the answer (None: there was none), what is wrong as a
    sentence ("" when it was taken), and how long it took in milliseconds."""

    status_code: int | None
    error: str
    duration_ms: int

    @property
    def taken(self) -> bool:
        return not self.error


def webhooks_with_work(limit: int, but_not: Collection[UUID]) -> list[UUID]:
    """Up to ``limit`` webhooks that have something due, without those of ``but_not``."""
    due = Delivery.objects.due(timezone.now()).exclude(webhook_id__in=list(but_not))
    return list(due.order_by().values_list("webhook_id", flat=True).distinct()[:limit])


def claim(webhook_id: UUID, room: int, busy: Collection[UUID]) -> list[Outgoing]:
    """The oldest due deliveries of the webhook, at most ``room``, claimed for an attempt; one of
    a session at a time, and none of the sessions in ``busy``. What is gone is skipped."""
    with transaction.atomic():
        now = timezone.now()
        due = Delivery.objects.due(now).filter(webhook_id=webhook_id)
        rows = due.exclude(session_id__in=list(busy)).order_by("created_at", "id")
        oldest = rows.select_for_update(skip_locked=True)[: 4 * room]
        chosen = _one_a_session(oldest)[:room]
        webhook = Webhook.objects.filter(pk=webhook_id).first() if chosen else None
        if webhook is None:
            return []
        Delivery.objects.filter(pk__in=[row.pk for row in chosen]).update(
            attempts=F("attempts") + 1, attempted_at=now, next_attempt_at=now + LEASE
        )
        return [found for row in chosen if (found := _outgoing(row, webhook)) is not None]


def _one_a_session(rows: Iterable[Delivery]) -> list[Delivery]:
    firsts: dict[UUID, Delivery] = {}
    for row in rows:
        firsts.setdefault(row.session_id or row.pk, row)
    return list(firsts.values())


def _outgoing(row: Delivery, webhook: Webhook) -> Outgoing | None:
    """All that an attempt needs; None when there is nothing to send, which is then settled."""
    try:
        body, url, secret = body_of(row, webhook.format), webhook.url, webhook.secret
    except Gone as gone:
        _end(row.pk, DeliveryState.SKIPPED, str(gone))
        return None
    except SealBroken:
        _end(row.pk, DeliveryState.FAILED, _SEALED)
        return None
    return Outgoing(
        delivery=row.pk,
        webhook=webhook.pk,
        session=row.session_id,
        kind=row.kind,
        attempt=row.attempts + 1,
        url=url,
        secret=secret,
        body=body,
    )


def _end(delivery_id: UUID, state: DeliveryState, error: str) -> None:
    Delivery.objects.filter(pk=delivery_id).update(
        state=state, error=error[:_ERROR_CHARACTERS], status_code=None, duration_ms=None
    )


def settle(sent: Outgoing, outcome: Outcome) -> None:
    """Write how an attempt ended, unless the delivery is somebody else's by now. After a failure
    it waits for its next turn; a webhook that takes nothing for a day is switched off."""
    now = timezone.now()
    with transaction.atomic():
        mine = Delivery.objects.select_for_update().filter(
            pk=sent.delivery, attempts=sent.attempt, state=DeliveryState.WAITING
        )
        row: Delivery | None = mine.first()
        if row is None:
            return
        row.status_code, row.duration_ms = outcome.status_code, outcome.duration_ms
        row.error = outcome.error[:_ERROR_CHARACTERS]
        row.attempted_at = now
        _move(row, outcome, now)
        row.save()
        if not outcome.taken and row.kind != WebhookEvent.TEST:
            _switch_off_if_dead(row, now)


def _move(row: Delivery, outcome: Outcome, now: datetime) -> None:
    if outcome.taken:
        row.state = DeliveryState.DELIVERED
        return
    chance = random.random()  # noqa: S311  spreads tries, keeps no secret
    wait = None if row.kind == WebhookEvent.TEST else wait_before_next(row.attempts, chance)
    if wait is None:
        row.state = DeliveryState.FAILED
    else:
        row.next_attempt_at = now + wait


def _switch_off_if_dead(row: Delivery, now: datetime) -> None:
    rows = Delivery.objects.filter(webhook_id=row.webhook_id)
    waiting = rows.filter(state=DeliveryState.WAITING)
    oldest = waiting.aggregate(at=Min("queued_at"))["at"] or row.queued_at
    taken = rows.filter(state=DeliveryState.DELIVERED).aggregate(at=Max("attempted_at"))["at"]
    if not is_dead(min(oldest, row.queued_at), taken, now):
        return
    reason = f"{DEAD_REASON} {row.error}"[:_ERROR_CHARACTERS]
    died = Webhook.objects.filter(pk=row.webhook_id, enabled=True).update(
        enabled=False, died=True, disabled_at=now, disabled_reason=reason
    )
    if died:
        Notice.objects.write([_switched_off(row.webhook, reason, now)])
    waiting.update(state=DeliveryState.FAILED, error=_SWITCHED_OFF)


def _switched_off(webhook: Webhook, reason: str, now: datetime) -> Notice:
    """Of its address the host only: the rest may hold a key."""
    return Notice(
        account_id=webhook.account_id,
        kind=NoticeKind.WEBHOOK_OFF,
        key=f"webhook_off:{webhook.pk}:{now.isoformat()}",
        location_id=webhook.location_id,
        facts={"webhook": str(webhook.pk), "host": name_of(webhook), "why": reason},
    )


def forget_old() -> int:
    """Delete what was made more than ``KEPT`` ago; how many."""
    return delete_in_batches(Delivery.objects.filter(created_at__lt=timezone.now() - KEPT))
