"""The queue of webhook deliveries: each function is one whole transaction.

A delivery is claimed for ``LEASE``, longer than an attempt may take. If the process dies, the
delivery is due again after that time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F, Max, Min, OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext_noop

from core.background.backoff import draw_chance
from core.background.fair_rows import FairRows
from core.background.fairness import one_per_key
from core.background.row_queue import Lease, QueueSpec, RowQueue
from core.security.encryption import SealBroken
from notifications.kinds import NoticeKind
from notifications.models import Delivery, DeliveryState, Notice, Webhook, WebhookEvent
from notifications.webhooks.actions import name_of
from notifications.webhooks.payloads import Gone, body_of
from notifications.webhooks.retry import is_dead, wait_before_next

LEASE = timedelta(seconds=25)
KEPT = timedelta(days=30)
MOST_WEBHOOKS = 1_000
ENDED_AT_ONCE = 500
_ROWS_READ = 50  # to find deliveries of different sessions
_ERROR_CHARACTERS = 200
DEAD_REASON = gettext_noop("Nothing could be delivered for 24 hours.")
_SWITCHED_OFF = gettext_noop("Not sent: the webhook was switched off.")
_SEALED = gettext_noop("Its address or its secret cannot be read. Give it both anew.")

DELIVERIES: RowQueue[Delivery] = RowQueue(
    QueueSpec(
        model=Delivery,
        due=lambda rows, at: rows.due(at),
        order=("next_attempt_at", "id"),
        fence=("state", "attempts"),
        lease=LEASE,
        lease_column="next_attempt_at",
        claimed_at_column="attempted_at",
        counter_column="attempts",
        # Before the later deliveries of its session.
        on_give_back={"next_attempt_at": F("created_at")},
        key="session_id",
    )
)


@dataclass(frozen=True)
class ClaimedDelivery:
    """A claimed delivery, with all that an attempt needs. ``attempt`` counts from 1."""

    delivery: UUID
    webhook: UUID
    account: UUID
    session: UUID | None
    kind: str
    attempt: int
    url: str
    secret: str  # "": it is not signed
    body: bytes
    lease: Lease = field(repr=False)

    @property
    def host(self) -> str:
        """The host and port, without a login."""
        return urlsplit(self.url).netloc.rpartition("@")[2].lower()


@dataclass(frozen=True)
class DeliveryResult:
    """How an attempt ended.

    ``status_code``: of the response, None if there was none. ``error``: one sentence, "" if the
    delivery was accepted. ``duration_ms``: how long the attempt took, in milliseconds.
    """

    status_code: int | None
    error: str
    duration_ms: int

    @property
    def accepted(self) -> bool:
        return not self.error


@dataclass(frozen=True)
class DueWebhook:
    """A webhook that has deliveries due."""

    webhook: UUID
    account: UUID


def webhooks_with_work(but_not: Collection[UUID], after: UUID | None = None) -> list[DueWebhook]:
    """Return up to ``MOST_WEBHOOKS`` webhooks that have deliveries due, by id and behind ``after``,
    without those of ``but_not``.

    The cost grows with the enabled webhooks, and not with the deliveries: a lookup for each."""
    waiting = Delivery.objects.waiting(timezone.now()).order_by()
    if not waiting.exists():
        return []
    # As EXISTS, PostgreSQL would make a join of it, and read all deliveries that are due.
    first = Subquery(waiting.filter(webhook_id=OuterRef("pk")).values("pk")[:1])
    webhooks = Webhook.objects.filter(enabled=True).exclude(pk__in=list(but_not))
    if after is not None:
        webhooks = webhooks.filter(pk__gt=after)
    with_work = webhooks.alias(first=first).filter(first__isnull=False).order_by("pk")
    pairs = with_work.values_list("pk", "account_id")[:MOST_WEBHOOKS]
    return [DueWebhook(*pair) for pair in pairs]


def claim(webhook_id: UUID, room: int, busy: Collection[UUID]) -> list[ClaimedDelivery]:
    """Claim up to ``room`` due deliveries of the webhook, those due longest first.

    One of each session at a time, and none of the sessions in ``busy``. Deliveries whose content
    is gone are marked as skipped.
    """
    due = DELIVERIES.due(Delivery.objects.filter(webhook_id=webhook_id))
    # Among many deliveries, sessions get their turn by chance.
    sessions = FairRows("session_id", ("next_attempt_at", "id"), served=uuid4(), few=_ROWS_READ)
    found = sessions.first(due, 4 * room + len(busy), "session_id")
    free = one_per_key((pair for pair in found if pair[1] not in busy), lambda pair: pair[1])
    # More than there is room for: another process may have locked some.
    rows = Delivery.objects.filter(pk__in=[pk for pk, _ in free])
    claimed = DELIVERIES.claim(room, rows.select_related("webhook")) if free else []
    prepared = (_prepared(row, claimed[0].webhook) for row in claimed)
    return [one for one in prepared if one is not None]


def _prepared(row: Delivery, webhook: Webhook) -> ClaimedDelivery | None:
    """Return all that an attempt needs. None, and the delivery ends, if it cannot be sent."""
    try:
        body, url, secret = body_of(row, webhook.format), webhook.url, webhook.secret
    except Gone as gone:
        _end(row.pk, DeliveryState.SKIPPED, str(gone))
        return None
    except SealBroken:
        _end(row.pk, DeliveryState.FAILED, _SEALED)
        return None
    return ClaimedDelivery(
        delivery=row.pk,
        webhook=webhook.pk,
        account=row.account_id,
        session=row.session_id,
        kind=row.kind,
        attempt=row.attempts,
        url=url,
        secret=secret,
        body=body,
        lease=DELIVERIES.lease_of(row),
    )


def _end(delivery_id: UUID, state: DeliveryState, error: str) -> None:
    Delivery.objects.filter(pk=delivery_id).update(
        state=state, error=error[:_ERROR_CHARACTERS], status_code=None, duration_ms=None
    )


def finish(sent: ClaimedDelivery, result: DeliveryResult) -> bool:
    """Write how an attempt ended, unless the lease is lost.

    After a failure the delivery waits for its next attempt. A webhook that accepts nothing for
    a day is switched off. Return whether that has happened: its other deliveries are then up to
    ``end_of_dead``.
    """
    now = timezone.now()
    with transaction.atomic():
        row = DELIVERIES.lock_held(sent.lease).first()
        if row is None:
            return False
        row.status_code, row.duration_ms = result.status_code, result.duration_ms
        row.error = result.error[:_ERROR_CHARACTERS]
        row.attempted_at = now
        _move(row, result, now)
        row.save()
        if result.accepted or row.kind == WebhookEvent.TEST:
            return False
        return _switch_off_if_dead(row, now)


def _move(row: Delivery, result: DeliveryResult, now: datetime) -> None:
    if result.accepted:
        row.state = DeliveryState.DELIVERED
        return
    wait = None if row.kind == WebhookEvent.TEST else wait_before_next(row.attempts, draw_chance())
    if wait is None:
        row.state = DeliveryState.FAILED
    else:
        row.next_attempt_at = now + wait


def give_back(claimed: Iterable[ClaimedDelivery]) -> None:
    """Make deliveries due at once whose attempt was cut off; the attempts count."""
    DELIVERIES.give_back(one.lease for one in claimed)


def _switch_off_if_dead(row: Delivery, now: datetime) -> bool:
    rows = Delivery.objects.filter(webhook_id=row.webhook_id)
    waiting = rows.filter(state=DeliveryState.WAITING)
    found = waiting.aggregate(at=Min("queued_at"))["at"] or row.queued_at
    oldest = min(found, row.queued_at)
    if not is_dead(oldest, None, now):  # most failures: spare them the next query
        return False
    taken = rows.filter(state=DeliveryState.DELIVERED).aggregate(at=Max("attempted_at"))["at"]
    if not is_dead(oldest, taken, now):
        return False
    reason = f"{DEAD_REASON} {row.error}"[:_ERROR_CHARACTERS]
    died = Webhook.objects.filter(pk=row.webhook_id, enabled=True).update(
        enabled=False, died=True, disabled_at=now, disabled_reason=reason
    )
    if died:
        Notice.objects.write([_switched_off(row.webhook, reason, now)])
    _fail_some(waiting)
    return True


def _fail_some(waiting: QuerySet[Delivery]) -> int:
    keys = list(waiting.order_by().values_list("pk", flat=True)[:ENDED_AT_ONCE])
    rows = Delivery.objects.filter(pk__in=keys, state=DeliveryState.WAITING)
    return rows.update(state=DeliveryState.FAILED, error=_SWITCHED_OFF)


def end_of_dead() -> bool:
    """Fail some of the deliveries that wait for webhooks switched off after a day of failures.
    Return whether there may be more: a large number at once would block other writers."""
    waiting = Delivery.objects.filter(state=DeliveryState.WAITING)
    first = Subquery(waiting.filter(webhook_id=OuterRef("pk")).order_by().values("pk")[:1])
    dead = Webhook.objects.dead().alias(first=first).filter(first__isnull=False)
    webhook = dead.order_by().values_list("pk", flat=True).first()
    if webhook is None:
        return False
    _fail_some(waiting.filter(webhook_id=webhook))
    return True


def _switched_off(webhook: Webhook, reason: str, now: datetime) -> Notice:
    """Return the notice for the owners. It names only the host: the rest may hold a key."""
    return Notice(
        account_id=webhook.account_id,
        kind=NoticeKind.WEBHOOK_OFF,
        key=f"webhook_off:{webhook.pk}:{now.isoformat()}",
        location_id=webhook.location_id,
        facts={"webhook": str(webhook.pk), "host": name_of(webhook), "why": reason},
    )


def forget_old() -> int:
    """Delete deliveries made more than ``KEPT`` ago; return how many."""
    return DELIVERIES.forget(Delivery.objects.filter(created_at__lt=timezone.now() - KEPT))
