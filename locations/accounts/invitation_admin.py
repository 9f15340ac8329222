"""The admin of invitations, read-only."""

from __future__ import annotations

from django.contrib import admin

from core.web.admin_base import ReadOnlyAdmin
from locations.models import Invitation


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Hides the invitation token and its hash."""

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
