"""The admin of plans."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from locations.audit import AccountVerb
from locations.audit_log.operators import RecordedAdmin, Verbs
from locations.models import Account, Plan


@admin.register(Plan)
class PlanAdmin(RecordedAdmin):
    """Limits that accounts share. An account can override them."""

    verbs = Verbs(None, AccountVerb.PLAN_CHANGED, None)
    list_display = (
        "name", "max_locations", "max_sessions", "max_members", "max_api_calls_a_minute",
        "is_default", "accounts_count",
    )  # fmt: skip
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        plans: QuerySet[Plan] = super().get_queryset(request)
        return plans.annotate(accounts_total=Count("accounts"))

    def accounts_of(self, obj: Plan) -> list[UUID]:
        return list(Account.objects.filter(plan=obj).values_list("pk", flat=True))

    @admin.display(description="accounts", ordering="accounts_total")
    def accounts_count(self, plan: Any) -> int:
        return int(plan.accounts_total)

    def has_delete_permission(self, request: HttpRequest, obj: Plan | None = None) -> bool:
        """Protect the default plan, which accounts without a plan use."""
        if obj is not None and obj.is_default:
            return False
        return super().has_delete_permission(request, obj)
