"""Admin pages for webhooks and deliveries, without secrets and content.

Of a URL they show the host only, since the rest may contain a customer's key.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from core.web.admin_base import ReadOnlyAdmin
from notifications.models import Delivery, Webhook
from notifications.webhooks.actions import name_of


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    """``died``: switched off because no delivery succeeded for a day."""

    list_display = ("host", "account", "format", "enabled", "died", "disabled_at", "created_at")
    list_filter = ("died", "enabled", ("account", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("account",)
    search_fields = ("account__name", "id")
    fields = (
        "id",
        "account",
        "location",
        "host",
        "format",
        "events",
        "enabled",
        "died",
        "disabled_at",
        "disabled_reason",
        "created_at",
        "created_by",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        webhooks: QuerySet[Webhook] = super().get_queryset(request)
        return webhooks.defer("secret")

    @admin.display(description="host")
    def host(self, webhook: Webhook) -> str:
        return name_of(webhook)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at",
        "host",
        "account",
        "kind",
        "state",
        "attempts",
        "status_code",
        "error",
    )
    list_display_links = None
    list_filter = ("state", "kind")
    list_select_related = ("account", "webhook")
    search_fields = ("=id", "=event_id", "=webhook__id", "account__name")
    show_full_result_count = False  # counting all deliveries takes too long
    fields = (
        "id",
        "account",
        "host",
        "event_id",
        "kind",
        "session_id",
        "created_at",
        "state",
        "queued_at",
        "attempts",
        "next_attempt_at",
        "attempted_at",
        "status_code",
        "error",
        "duration_ms",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        deliveries: QuerySet[Delivery] = super().get_queryset(request)
        return deliveries.defer("payload")

    @admin.display(description="host")
    def host(self, delivery: Delivery) -> str:
        return name_of(delivery.webhook)
