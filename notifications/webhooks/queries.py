"""Queries about webhooks for the pages and the API. Callers have checked access."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, cast
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.utils import timezone

from locations.access import visible
from locations.principals import Principal
from notifications.models import Delivery, DeliveryState, Webhook
from notifications.models.webhook import DeliveryQuerySet, WebhookQuerySet
from notifications.webhooks.actions import MAX_WEBHOOKS
from notifications.webhooks.forms import LogFilter, as_id
from notifications.webhooks.http_client import headers_of
from notifications.webhooks.signature import HIDDEN

ROWS_A_PAGE = 50


class LogQuery(TypedDict):
    """The query parameters that the pager repeats."""

    filters: str


class DeliveryLog(TypedDict):
    """A filtered page of the log of a webhook."""

    page: Page[Delivery]
    form: LogFilter
    query: LogQuery
    filtered: bool
    failed: int


class WebhookListPage(TypedDict):
    """The list of webhooks, and what the user may do."""

    webhooks: list[Webhook]
    may_write: bool
    may_add: bool


def webhook_rows(principal: Principal) -> WebhookQuerySet:
    """Return the webhooks that ``principal`` may see, with their latest attempt, no secrets."""
    rows = visible(Webhook.objects.select_related("location").defer("secret"), principal)
    return cast(WebhookQuerySet, rows).with_last_delivery()


def webhook_list(principal: Principal) -> WebhookListPage:
    """Return the list of webhooks in the current account of ``principal``."""
    webhooks = list(webhook_rows(principal))
    account = principal.account
    may_write = account is not None and principal.may_write(account)
    may_add = may_write and len(webhooks) < MAX_WEBHOOKS
    return {"webhooks": webhooks, "may_write": may_write, "may_add": may_add}


def log(webhook: Webhook, parameters: Mapping[str, Any]) -> DeliveryLog:
    """Return the deliveries of ``webhook``, newest first, filtered by query parameters."""
    form = LogFilter(parameters)
    chosen = form.chosen
    everything: DeliveryQuerySet = Delivery.objects.of_webhook(webhook.pk)
    rows = everything.in_state(chosen.get("state", "")).of_kind(chosen.get("kind", ""))
    if "q" in chosen:
        rows = _with_id(rows, chosen["q"])
    filters = f"{urlencode(chosen)}&" if chosen else ""
    return {
        "page": Paginator(rows.defer("payload"), ROWS_A_PAGE).get_page(parameters.get("page")),
        "form": form,
        "query": {"filters": filters},
        "filtered": bool(chosen),
        "failed": everything.in_state(DeliveryState.FAILED).count(),
    }


def _with_id(rows: DeliveryQuerySet, text: str) -> DeliveryQuerySet:
    wanted = as_id(text)
    if wanted is None:
        return rows.none()
    return rows.filter(
        Q(pk=wanted) | Q(event_id=wanted) | Q(session_id=wanted) | Q(message_id=wanted)
    )


def shown_headers(delivery: Delivery) -> Mapping[str, str]:
    """Return the headers of the latest attempt, without the signature."""
    if delivery.attempted_at is None:
        return {}
    signed = f"t={int(delivery.attempted_at.timestamp())},v1={HIDDEN}"
    is_signed = not delivery.webhook.is_slack
    return headers_of(delivery.kind, delivery.pk, signed if is_signed else "")


def is_under_way(delivery: Delivery) -> bool:
    """Return whether an attempt is imminent, so that the page should poll."""
    soon = delivery.next_attempt_at - timezone.now()
    return delivery.state == DeliveryState.WAITING and soon.total_seconds() < 30
