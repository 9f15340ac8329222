"""The admin of locations and API keys."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from core.web.admin_base import SmallDeletionAdmin
from locations.accounts import admin as account_admin  # noqa: F401  registers its page
from locations.accounts import (
    invitation_admin,  # noqa: F401  registers its page
    plan_admin,  # noqa: F401  registers its page
    user_admin,  # noqa: F401  registers its page
)
from locations.audit import AccountVerb
from locations.audit_log import admin as audit_log_admin  # noqa: F401  registers its page
from locations.audit_log.operators import RecordedAdmin, Verbs
from locations.models import ApiKey, Location

admin.site.unregister(Group)  # roles come from memberships; groups would have no effect


@admin.register(Location)
class LocationAdmin(SmallDeletionAdmin, RecordedAdmin):
    """A location with a long history is deleted in the dashboard, by a job."""

    verbs = Verbs(
        AccountVerb.LOCATION_ADDED, AccountVerb.LOCATION_CHANGED, AccountVerb.LOCATION_DELETED
    )
    list_display = ("name", "account", "ghl_id", "created_at")
    list_filter = (("account", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("account",)
    search_fields = ("name", "ghl_id", "account__name")
    autocomplete_fields = ("account",)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Location | None = None
    ) -> tuple[str, ...]:
        """Fix the account: sessions and messages of the location belong to it."""
        return ("id", "created_at") if obj is None else ("id", "created_at", "account")


@admin.register(ApiKey)
class ApiKeyAdmin(RecordedAdmin):
    """API keys can be revoked here. They are created where they can be shown once."""

    verbs = Verbs(None, None, AccountVerb.KEY_REVOKED)
    list_display = ("account", "name", "prefix", "created_at", "last_used_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("account",)
    search_fields = ("account__name", "name", "prefix")
    fields = (
        "account", "name", "prefix", "scopes", "is_limited", "locations", "calls_a_minute",
        "created_at", "expires_at", "last_used_at", "revoked_at",
    )  # fmt: skip
    readonly_fields = fields
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        with transaction.atomic():
            working = list(queryset.filter(revoked_at__isnull=True).select_for_update(of=("self",)))
            for key in working:
                key.revoked_at = timezone.now()
                key.save(update_fields=["revoked_at"])
                self.note(request, key, AccountVerb.KEY_REVOKED)
        text = f"{len(working)} revoked. Requests with them are refused from now on."
        self.message_user(request, text)

    def name_of(self, obj: ApiKey) -> str:
        return obj.name
