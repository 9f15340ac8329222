"""What the pages and the API read of webhooks. The callers have been through the door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, cast
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.utils import timezone

from locations.access import visible
from locations.principals import Principal
from notifications.models import Delivery, State, Webhook
from notifications.models.webhook import DeliveryQuerySet, WebhookQuerySet
from notifications.webhooks.actions import MAX_WEBHOOKS
from notifications.webhooks.forms import LogFilter, as_id
from notifications.webhooks.http_client import headers_of
from notifications.webhooks.signature import HIDDEN

ROWS_A_PAGE = 50


class Asked(TypedDict):
    """What the pager repeats of the address."""

    filters: str


class Log(TypedDict):
    """The log of one webhook, as it is asked for."""

    page: Page[Delivery]
    form: LogFilter
    query: Asked
    filtered: bool
    failed: int


class WebhookList(TypedDict):
    """All that the list shows to one person."""

    webhooks: list[Webhook]
    may_write: bool
    may_add: bool


def webhook_rows(principal: Principal) -> WebhookQuerySet:
    """The webhooks that ``principal`` may see, with their latest attempt; no secrets."""
    rows = visible(Webhook.objects.select_related("location").defer("secret"), principal)
    return cast(WebhookQuerySet, rows).with_last_delivery()


def webhook_list(principal: Principal) -> WebhookList:
    """The webhooks of the account that ``principal`` looks at, as a list."""
    webhooks = list(webhook_rows(principal))
    account = principal.account
    may_write = account is not None and principal.may_write(account)
    may_add = may_write and len(webhooks) < MAX_WEBHOOKS
    return {"webhooks": webhooks, "may_write": may_write, "may_add": may_add}


def log(webhook: Webhook, parameters: Mapping[str, Any]) -> Log:
    """The deliveries of ``webhook``, newest first, as ``parameters`` (of an address) ask."""
    form = LogFilter(parameters)
    asked = form.asked
    everything: DeliveryQuerySet = Delivery.objects.of_webhook(webhook.pk)
    rows = everything.in_state(asked.get("state", "")).of_kind(asked.get("kind", ""))
    if "q" in asked:
        rows = _with_id(rows, asked["q"])
    filters = f"{urlencode(asked)}&" if asked else ""
    return {
        "page": Paginator(rows.defer("payload"), ROWS_A_PAGE).get_page(parameters.get("page")),
        "form": form,
        "query": {"filters": filters},
        "filtered": bool(asked),
        "failed": everything.in_state(State.FAILED).count(),
    }


def _with_id(rows: DeliveryQuerySet, text: str) -> DeliveryQuerySet:
    wanted = as_id(text)
    if wanted is None:
        return rows.none()
    return rows.filter(
        Q(pk=wanted) | Q(event_id=wanted) | Q(session_id=wanted) | Q(message_id=wanted)
    )


def shown_headers(delivery: Delivery) -> Mapping[str, str]:
    """The headers of the latest attempt, with the signature left out."""
    if delivery.attempted_at is None:
        return {}
    signed = f"t={int(delivery.attempted_at.timestamp())},v1={HIDDEN}"
    is_signed = not delivery.webhook.is_slack
    return headers_of(delivery.kind, delivery.pk, signed if is_signed else "")


def is_under_way(delivery: Delivery) -> bool:
    """Whether its page should look again soon."""
    soon = delivery.next_attempt_at - timezone.now()
    return delivery.state == State.WAITING and soon.total_seconds() < 30
