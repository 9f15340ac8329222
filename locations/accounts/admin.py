"""The admin of accounts and plans: terms, usage, suspension, viewing as the owner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model, QuerySet, TextChoices
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from core.data.batch_delete import is_large
from core.web import admin_base
from core.web.admin_base import Question
from locations import impersonation
from locations.accounts import deletion, mails
from locations.audit import AccountVerb, record
from locations.audit_log.operators import RecordedAdmin, Verbs, operator_of
from locations.current_user import forget, ip_address_of
from locations.impersonation import REASON_CHARACTERS, NotViewable, may_view
from locations.models import Account, AccountState, Location, Member, Role
from locations.plans import actions as subscriptions
from locations.plans.entitlements import (
    Resource,
    default_plan,
    limits_of,
    standing_of,
    usage_of,
    with_usage,
)
from locations.plans.queries import meters

_SUSPEND = Question(
    action="suspend",
    title="Suspend these accounts?",
    consequence="All numbers of these accounts are disconnected until you resume them. Links and "
    "keys are kept, texts wait, and no number needs a new scan.",
    yes="Suspend them",
)


class MemberInline(admin.TabularInline):  # type: ignore[type-arg]  # not generic at run time
    """A membership gives lasting access to the account, without a reason or an end. So only
    superusers add members and change roles; operators with permission may view and remove them."""

    model = Member
    extra = 0
    autocomplete_fields = ("user",)
    readonly_fields = ("created_at",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)


class LocationInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Location
    extra = 0
    can_delete = False  # on its own page, where everything that goes with it is listed
    show_change_link = True
    readonly_fields = ("created_at",)


class ReasonForm(forms.Form):
    """The reason why an operator views an account. Its owners can read it."""

    reason = forms.CharField(
        label="Reason",
        max_length=REASON_CHARACTERS,
        widget=forms.TextInput(attrs={"size": 60, "autofocus": True}),
        help_text="The customer reads it in the audit log.",
        error_messages={"required": "Enter a reason: the customer reads it in the audit log."},
    )


class AccountList(ChangeList):
    """The list. Accounts without a plan show the default plan, which is read once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        default = default_plan()
        for account in self.result_list:
            if account.plan_id is None:
                account.plan = default


@admin.register(Account)
class AccountAdmin(RecordedAdmin):
    """Deleting an account deletes everything in it, once none of its numbers is linked. One with
    many rows is deleted as its owner would do it: its numbers are unlinked, then a job begins."""

    verbs = Verbs(None, None, None)  # its terms and its name have their own: save_model
    inline_verbs: ClassVar[Mapping[type[Model], Verbs]] = {
        Member: Verbs(
            AccountVerb.MEMBER_ADDED, AccountVerb.ROLE_CHANGED, AccountVerb.MEMBER_REMOVED
        ),
        Location: Verbs(
            AccountVerb.LOCATION_ADDED, AccountVerb.LOCATION_CHANGED, AccountVerb.LOCATION_DELETED
        ),
    }
    change_form_template = "admin/locations/account/change.html"
    list_display = (
        "name", "plan", "current_state", "trial_ends_at", "locations_used", "connections_used",
        "people_used", "created_at",
    )  # fmt: skip
    list_filter = ("state", "plan", "trial_ends_at")
    list_select_related = ("plan",)
    search_fields = ("name", "members__user__email")
    search_help_text = "Name, or e-mail of a member"
    readonly_fields = ("id", "created_at", "usage")
    actions = ("suspend", "resume")
    inlines = (MemberInline, LocationInline)
    fieldsets = (
        (None, {"fields": ("name", "id", "created_at")}),
        ("Plan", {"fields": ("plan", "state", "trial_ends_at", "usage")}),
        (
            "Limits of its own",
            {
                "fields": (
                    "own_max_locations",
                    "own_max_sessions",
                    "own_max_members",
                    "own_max_api_calls_a_minute",
                ),
                "description": "Override those of the plan. Empty: as in the plan.",
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_usage(super().get_queryset(request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AccountList

    @admin.display(description="state", ordering="state")
    def current_state(self, account: Account) -> str:
        now, kept = standing_of(account), AccountState(account.state)
        return str(kept.label) if now is kept else f"{now.label} (trial ended)"

    @admin.display(description="locations", ordering="used_locations")
    def locations_used(self, account: Any) -> str:
        return _used(account, Resource.LOCATIONS)

    @admin.display(description="numbers", ordering="used_sessions")
    def connections_used(self, account: Any) -> str:
        return _used(account, Resource.SESSIONS)

    @admin.display(description="members", ordering="used_members")
    def people_used(self, account: Any) -> str:
        return _used(account, Resource.MEMBERS)

    @admin.display(description="in use")
    def usage(self, account: Account) -> str:
        found = meters(limits_of(account), usage_of(account))
        return ", ".join(f"{one.label}: {one.used} of {one.limit or 'any'}" for one in found)

    def save_model(
        self, request: HttpRequest, obj: Account, form: ModelForm[Any], change: bool
    ) -> None:
        """Write changes of the terms and the name to the audit log of the account."""
        before = Account.objects.filter(pk=obj.pk).first() if change else None
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if before is None:
                return
            subscriptions.note(before, obj, by=operator_of(request))
            if before.name != obj.name:
                detail = f"before: {before.name}"
                record(operator_of(request), obj.pk, AccountVerb.ACCOUNT_RENAMED, obj.name, detail)

    def accounts_of(self, obj: Account) -> list[UUID]:
        return [obj.pk]

    def note_inline(
        self, request: HttpRequest, obj: Any, verb: TextChoices | None, detail: str
    ) -> None:
        """Record the change of a member or location, and mail the member concerned."""
        if not isinstance(obj, Member):
            super().note_inline(request, obj, verb, detail)
            return
        by = operator_of(request)
        role = Role(obj.role)
        if verb is not None:
            record(by, obj.account_id, verb, obj.user.email, role.value)
        if verb is AccountVerb.ROLE_CHANGED:
            mails.send_role_changed(obj, role, by.name)
        elif verb is AccountVerb.MEMBER_REMOVED:
            mails.send_removed(obj.account, obj.user.email, by.name)

    @admin.action(description="Suspend the selected accounts…", permissions=["change"])
    def suspend(self, request: HttpRequest, queryset: QuerySet[Account]) -> HttpResponse | None:
        """Suspend after a confirmation, because all of their numbers stop."""
        if admin_base.sure(request):
            done = sum(subscriptions.suspend(one, by=operator_of(request)) for one in queryset)
            self.message_user(request, f"{done} suspended. Their numbers pause; the keys are kept.")
            return None
        return admin_base.ask(request, self, _SUSPEND, [(one, str(one)) for one in queryset])

    @admin.action(description="Resume the selected accounts", permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Account]) -> None:
        done = sum(subscriptions.resume(one, by=operator_of(request)) for one in queryset)
        self.message_user(request, f"{done} resumed. Their numbers reconnect automatically.")

    def get_deleted_objects(
        self, objs: QuerySet[Any] | Sequence[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Return what the confirmation page lists, without loading the rows of large accounts."""
        if any(is_large(account) for account in objs):
            listed = [f"{account}, with all its rows: a job deletes them" for account in objs]
            return listed, {str(self.opts.verbose_name_plural): len(listed)}, set(), []
        return super().get_deleted_objects(objs, request)

    def delete_model(self, request: HttpRequest, obj: Account) -> None:
        if is_large(obj):
            deletion.begin(operator_of(request), obj)
        else:
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Account]) -> None:
        for account in queryset:
            self.delete_model(request, account)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.view_as_owner)
        own = path("<uuid:account_id>/view/", view, name="locations_account_view")
        return [own, *super().get_urls()]

    def view_as_owner(self, request: HttpRequest, account_id: Any) -> HttpResponse:
        """Ask for a reason, then start viewing. Raises PermissionDenied."""
        if not may_view(request.user):
            raise PermissionDenied
        account = Account.objects.filter(pk=account_id).first()
        if account is None:
            raise Http404
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                reason = form.cleaned_data["reason"]
                impersonation.begin(request, account, reason, ip_address_of(request))
                forget(request)
                return redirect("dashboard")
            except NotViewable as error:
                form.add_error(None, str(error))
        context = {
            **self.admin_site.each_context(request),
            "title": f"View {account} as its owner",
            "opts": self.opts,
            "account": account,
            "form": form,
            "back": reverse("admin:locations_account_change", args=[account.pk]),
        }
        status = 422 if form.errors else 200
        name = "admin/locations/account/view.html"
        return TemplateResponse(request, name, context, status=status)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        extra = {**(extra_context or {}), "may_view": may_view(request.user)}
        return super().change_view(request, object_id, form_url, extra)


def is_superuser(request: HttpRequest) -> bool:
    """Return whether the operator is an active superuser, who alone grants rights."""
    return bool(request.user.is_active and request.user.is_superuser)


def _used(account: Any, resource: Resource) -> str:
    limit = limits_of(account).of(resource)
    used = getattr(account, f"used_{resource}", 0)
    return f"{used}" if limit is None else f"{used} of {limit}"
