"""What people and keys do with webhooks: each is one transaction with its line in the audit log.

The callers have been through the tenant door.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from locations.audit import record
from locations.models import Account, Location
from locations.principals import Principal
from notifications.audit_verbs import NotificationVerb
from notifications.models import Delivery, Format, Kind, State, Webhook
from notifications.models.webhook import SUBSCRIBABLE, DeliveryQuerySet, new_secret

MAX_WEBHOOKS = 20  # an account
_REPLAYED_AT_ONCE = 10_000


class TooMany(Exception):
    """The account has as many webhooks as it may; ``str()`` says what to do."""

    def __str__(self) -> str:
        return _("An account has at most %d webhooks. Delete one that is not used.") % MAX_WEBHOOKS


class SwitchedOff(Exception):
    """Nothing is sent from a webhook that is off; ``str()`` says what to do."""

    def __str__(self) -> str:
        return _("This webhook is switched off. Switch it on first.")


class NotSigned(Exception):
    """What goes to a Slack channel is not signed; ``str()`` says so."""

    def __str__(self) -> str:
        return _("A Slack channel has no secret: nothing that goes there is signed.")


def name_of(webhook: Webhook) -> str:
    """What people know it by: the host of its address (the rest may hold a key)."""
    return urlsplit(webhook.known_url).hostname or _("an address that cannot be read")


def _known(events: Iterable[str], form: str) -> list[str]:
    """In our order, each once; a Slack channel hears of what people are told, and of that only."""
    asked = {Kind.NOTICE} if form == Format.SLACK else set(events)
    return [str(kind) for kind in SUBSCRIBABLE if kind in asked]


def create(
    principal: Principal,
    account_id: UUID,
    *,
    url: str,
    location: Location | None,
    events: Iterable[str] = (),
    form: str = Format.PAIRLINE,
) -> Webhook:
    """A new webhook, switched on; its ``secret`` is to be shown now and never again (one in the
    format of Slack has none). Raises TooMany."""
    with transaction.atomic():
        Account.objects.select_for_update(no_key=True).get(pk=account_id)  # two at once count
        if Webhook.objects.of_accounts([account_id]).count() >= MAX_WEBHOOKS:
            raise TooMany
        webhook: Webhook = Webhook.objects.create(
            account_id=account_id,
            url=url,
            format=form,
            events=_known(events, form),
            secret="" if form == Format.SLACK else new_secret(),
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
    """Give it another address (None: it keeps its own), other events, or another location. What
    waits goes to the new address."""
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
    """Change what is not None, all or nothing."""
    with transaction.atomic():
        if url is not None or events is not None:
            kept = webhook.events if events is None else events
            change(principal, webhook, url=url, events=kept, location=webhook.location)
        if enabled is not None and enabled != webhook.enabled:
            switch(principal, webhook, on=enabled)


def rotate(principal: Principal, webhook: Webhook) -> str:
    """A new secret, which signs from now on; it is to be shown now and never again. Raises
    NotSigned."""
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
    """On: what waits is sent, with a new day of tries. Off: events from now on are not kept for
    it, and what waits goes on waiting."""
    now = timezone.now()
    webhook.enabled, webhook.died = on, False
    webhook.disabled_at = None if on else now
    webhook.disabled_reason = "" if on else _("Switched off by %s.") % principal.name[:150]
    with transaction.atomic():
        webhook.save(update_fields=["enabled", "died", "disabled_at", "disabled_reason"])
        if on:
            _queue_again(Delivery.objects.of_webhook(webhook.pk).in_state(State.WAITING))
        words = _("on") if on else _("off")
        record(
            principal,
            webhook.account_id,
            NotificationVerb.WEBHOOK_SWITCHED,
            name_of(webhook),
            words,
        )


def remove(principal: Principal, webhook: Webhook) -> None:
    """Delete it with its log."""
    with transaction.atomic():
        record(principal, webhook.account_id, NotificationVerb.WEBHOOK_DELETED, name_of(webhook))
        webhook.delete()


def send_test(principal: Principal, webhook: Webhook) -> Delivery:
    """Send an event that says nothing, once. Raises SwitchedOff."""
    if not webhook.enabled:
        raise SwitchedOff
    with transaction.atomic():
        delivery: Delivery = Delivery.objects.create(
            account_id=webhook.account_id,
            webhook=webhook,
            kind=Kind.TEST,
            payload={"message": _test_words(webhook)},
        )
        record(principal, webhook.account_id, NotificationVerb.WEBHOOK_TESTED, name_of(webhook))
    return delivery


def _test_words(webhook: Webhook) -> str:
    if webhook.is_slack:
        return _("This is a test. What happens to your numbers is told here.")
    return _("This is a test. The signature is made as for every event.")


def replay(principal: Principal, delivery: Delivery) -> None:
    """Send it again, with the same ids, as if it were new. Raises SwitchedOff."""
    _replay(principal, delivery.webhook, Delivery.objects.filter(pk=delivery.pk))


def replay_failed(principal: Principal, webhook: Webhook) -> int:
    """Send again all that failed; how many."""
    failed = Delivery.objects.of_webhook(webhook.pk).in_state(State.FAILED)
    keys = list(failed.order_by("created_at").values_list("pk", flat=True)[:_REPLAYED_AT_ONCE])
    return _replay(principal, webhook, Delivery.objects.filter(pk__in=keys))


def _replay(principal: Principal, webhook: Webhook, rows: DeliveryQuerySet) -> int:
    if not webhook.enabled:
        raise SwitchedOff
    with transaction.atomic():
        count = _queue_again(rows)
        record(
            principal,
            webhook.account_id,
            NotificationVerb.WEBHOOK_REPLAYED,
            name_of(webhook),
            str(count),
        )
    return count


def _queue_again(rows: DeliveryQuerySet) -> int:
    """As if they were new. One that is under way at this moment may then arrive twice."""
    now = timezone.now()
    return rows.update(
        state=State.WAITING, attempts=0, queued_at=now, next_attempt_at=now, error=""
    )
