"""Changes of webhooks. Each action is one transaction, with an entry in the audit log.

Callers have checked access to the account.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from core.data.batch_delete import deletion_steps
from core.data.deletion_pace import run_at_once, run_in_turn
from locations.audit import record
from locations.models import Account, Location
from locations.plans.action_limits import ActionLimit, count_action
from locations.principals import Principal
from notifications.audit_verbs import NotificationVerb
from notifications.models import Delivery, DeliveryState, Webhook, WebhookEvent, WebhookFormat
from notifications.models.webhook import SUBSCRIBABLE, DeliveryQuerySet, new_secret

MAX_WEBHOOKS = 20  # an account
_REPLAYED_AT_ONCE = 10_000
# Replayed deliveries are due in groups, one after another: 20 a second.
_REPLAY_GROUP, _REPLAY_EVERY = 100, timedelta(seconds=5)


class TooManyWebhooks(Exception):
    """The account has the maximum number of webhooks. ``str()`` explains what to do."""

    def __str__(self) -> str:
        return _("An account can have at most %d webhooks. Delete one first.") % MAX_WEBHOOKS


class WebhookDisabled(Exception):
    """The webhook is switched off, so nothing is sent. ``str()`` explains what to do."""

    def __str__(self) -> str:
        return _("This webhook is switched off. Switch it on first.")


class NotSigned(Exception):
    """Deliveries to a Slack channel are not signed. ``str()`` explains that."""

    def __str__(self) -> str:
        return _("A Slack channel has no secret: its deliveries are not signed.")


def name_of(webhook: Webhook) -> str:
    """Return the name to display: the host of the URL, since the rest may contain a key."""
    return urlsplit(webhook.known_url).hostname or _("an address that cannot be read")


def _known(events: Iterable[str], form: str) -> list[str]:
    """Return the events in our order, each once; a Slack channel gets notices only."""
    chosen = {WebhookEvent.NOTICE} if form == WebhookFormat.SLACK else set(events)
    return [str(kind) for kind in SUBSCRIBABLE if kind in chosen]


def create(
    principal: Principal,
    account_id: UUID,
    *,
    url: str,
    location: Location | None,
    events: Iterable[str] = (),
    form: str = WebhookFormat.PAIRLINE,
) -> Webhook:
    """Create an enabled webhook. Raises TooManyWebhooks.

    Its ``secret`` is to be displayed now and never again; one for Slack has none.
    """
    with transaction.atomic():
        Account.objects.select_for_update(no_key=True).get(pk=account_id)  # serializes the count
        if Webhook.objects.of_accounts([account_id]).count() >= MAX_WEBHOOKS:
            raise TooManyWebhooks
        webhook: Webhook = Webhook.objects.create(
            account_id=account_id,
            url=url,
            format=form,
            events=_known(events, form),
            secret="" if form == WebhookFormat.SLACK else new_secret(),
            location=location,
            created_by=principal.name,
        )
        record(principal, account_id, NotificationVerb.WEBHOOK_CREATED, name_of(webhook))
    return webhook


def change(
    principal: Principal,
    webhook: Webhook,
    *,
    location: Location | None,
    url: str | None = None,
    events: Iterable[str] = (),
) -> None:
    """Change the URL (None keeps it), the events and the location.

    Waiting deliveries are sent to the new URL.
    """
    webhook.location, webhook.events = location, _known(events, webhook.format)
    if url is not None:
        webhook.url = url
    with transaction.atomic():
        webhook.save(update_fields=["url", "events", "location"])
        record(principal, webhook.account_id, NotificationVerb.WEBHOOK_CHANGED, name_of(webhook))


def change_some(
    principal: Principal,
    webhook: Webhook,
    *,
    url: str | None = None,
    events: Iterable[str] | None = None,
    enabled: bool | None = None,
) -> None:
    """Change everything that is not None, in one transaction."""
    with transaction.atomic():
        if url is not None or events is not None:
            kept = webhook.events if events is None else events
            change(principal, webhook, url=url, events=kept, location=webhook.location)
        if enabled is not None and enabled != webhook.enabled:
            switch(principal, webhook, on=enabled)


def rotate(principal: Principal, webhook: Webhook) -> str:
    """Replace the secret, which signs all deliveries from now on. Raises NotSigned.

    Return the new secret, to be displayed now and never again.
    """
    if webhook.is_slack:
        raise NotSigned
    secret = new_secret()
    webhook.secret = secret
    with transaction.atomic():
        webhook.save(update_fields=["secret"])
        record(
            principal, webhook.account_id, NotificationVerb.WEBHOOK_SECRET_ROTATED, name_of(webhook)
        )
    return secret


def switch(principal: Principal, webhook: Webhook, *, on: bool) -> None:
    """Switch it on or off.

    On: waiting deliveries are sent, with the full schedule of retries. Off: new events are not
    recorded, and waiting deliveries stay in the queue.
    """
    now = timezone.now()
    webhook.enabled, webhook.died = on, False
    webhook.disabled_at = None if on else now
    webhook.disabled_reason = "" if on else _("Switched off by %s.") % principal.name[:150]
    with transaction.atomic():
        webhook.save(update_fields=["enabled", "died", "disabled_at", "disabled_reason"])
        if on:
            waiting = Delivery.objects.of_webhook(webhook.pk).in_state(DeliveryState.WAITING)
            _queue_again(waiting, now)
        words = _("on") if on else _("off")
        record(
            principal,
            webhook.account_id,
            NotificationVerb.WEBHOOK_SWITCHED,
            name_of(webhook),
            words,
        )


def remove(principal: Principal, webhook: Webhook) -> None:
    """Delete the webhook and its log: from now on no one sees it and nothing is sent, and a job
    deletes what is too much for a request. A second call does nothing."""
    with transaction.atomic():
        if not mark_deleted(Webhook.objects.filter(pk=webhook.pk), timezone.now()):
            return
        record(principal, webhook.account_id, NotificationVerb.WEBHOOK_DELETED, name_of(webhook))
    run_at_once(deletion_steps(Webhook.being_deleted().filter(pk=webhook.pk)))


def mark_deleted(webhooks: QuerySet[Webhook], at: datetime) -> int:
    """Mark ``webhooks`` as being deleted since ``at``; return how many."""
    return webhooks.update(deleting_at=at, enabled=False)


def finish_deletions(seconds: float) -> int:
    """Work for about ``seconds`` on the webhooks that are being deleted, in turn by account.
    Return how many were completed. Those of an account or location that is being deleted are
    deleted with it."""
    marked = Webhook.being_deleted().filter(
        account__deleting_at__isnull=True, location__deleting_at__isnull=True
    )
    accounts = marked.order_by().values_list("account_id", flat=True).distinct()
    return run_in_turn(
        {account: deletion_steps(marked.filter(account=account)) for account in accounts}, seconds
    )


def send_test(principal: Principal, webhook: Webhook) -> Delivery:
    """Send a test event, without retries. Raises WebhookDisabled or TooOften."""
    if not webhook.enabled:
        raise WebhookDisabled
    count_action((ActionLimit.WEBHOOK_TESTS_OF_ACCOUNT, webhook.account_id))
    with transaction.atomic():
        delivery: Delivery = Delivery.objects.create(
            account_id=webhook.account_id,
            webhook=webhook,
            kind=WebhookEvent.TEST,
            payload={"message": _test_words(webhook)},
        )
        record(principal, webhook.account_id, NotificationVerb.WEBHOOK_TESTED, name_of(webhook))
    return delivery


def _test_words(webhook: Webhook) -> str:
    if webhook.is_slack:
        return _("This is a test. Notices about your numbers will appear here.")
    return _("This is a test. The signature is made as for every event.")


def replay(principal: Principal, delivery: Delivery) -> None:
    """Send a delivery again, with the same ids. Raises WebhookDisabled or TooOften."""
    _replay(principal, delivery.webhook, [delivery.pk])


def replay_failed(principal: Principal, webhook: Webhook) -> int:
    """Send all failed deliveries again, spread over some minutes if they are many; return how
    many. Raises WebhookDisabled or TooOften."""
    failed = Delivery.objects.of_webhook(webhook.pk).in_state(DeliveryState.FAILED)
    keys = list(failed.order_by("created_at").values_list("pk", flat=True)[:_REPLAYED_AT_ONCE])
    return _replay(principal, webhook, keys)


def _replay(principal: Principal, webhook: Webhook, keys: list[UUID]) -> int:
    if not webhook.enabled:
        raise WebhookDisabled
    count_action((ActionLimit.WEBHOOK_REPLAYS_OF_ACCOUNT, webhook.account_id))
    with transaction.atomic():
        count, now = 0, timezone.now()
        for turn, first in enumerate(range(0, len(keys), _REPLAY_GROUP)):
            group = Delivery.objects.filter(pk__in=keys[first : first + _REPLAY_GROUP])
            count += _queue_again(group, now + turn * _REPLAY_EVERY)
        record(
            principal,
            webhook.account_id,
            NotificationVerb.WEBHOOK_REPLAYED,
            name_of(webhook),
            str(count),
        )
    return count


def _queue_again(rows: DeliveryQuerySet, at: datetime) -> int:
    """Reset deliveries to their first attempt, due ``at``. One that is being sent may arrive
    twice."""
    return rows.update(
        state=DeliveryState.WAITING, attempts=0, queued_at=at, next_attempt_at=at, error=""
    )
