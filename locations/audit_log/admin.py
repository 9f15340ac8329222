"""The audit log in the Django admin, read-only."""

from __future__ import annotations

from django.contrib import admin

from core.web.admin_base import ReadOnlyAdmin
from locations.models import AuditEvent


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "account", "actor", "verb", "target", "detail", "address")
    list_filter = ("verb",)
    search_fields = ("account__name", "actor", "target")
    date_hierarchy = "at"
