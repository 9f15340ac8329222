"""Operators' pages for invitations and for what was done in accounts: to read, not to change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from locations.models import AuditEvent, Invitation


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that have another writer."""

    list_select_related = ("account",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They go with their account only, which Django asks for one by one."""
        return obj is not None and super().has_delete_permission(request, obj)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: object = None
    ) -> HttpResponse:
        raise PermissionDenied("This goes with its account only.")


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Neither the token, which nobody has but the mail, nor its hash."""

    list_display = ("email", "account", "role", "created_at", "expires_at", "accepted_at")
    list_filter = (
        ("accepted_at", admin.EmptyFieldListFilter),
        ("revoked_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("email", "account__name")
    fields = (
        "account",
        "email",
        "role",
        "invited_by",
        "created_at",
        "expires_at",
        "accepted_at",
        "revoked_at",
    )


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "account", "actor", "verb", "target", "detail", "address")
    list_filter = ("verb",)
    search_fields = ("account__name", "actor", "target")
    date_hierarchy = "at"
