"""The admin of users."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse

from locations.accounts import addresses
from locations.accounts.admin import is_superuser
from locations.audit import AccountVerb
from locations.audit_log.operators import RecordedAdmin, Verbs, operator_of
from locations.models import Member, User


class NewUserForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email",)


class NewCustomerForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new user without a password. They sign in with a mailed code, or choose a password with
    the link for forgotten ones, so the operator never knows it."""

    class Meta:
        model = User
        fields = ("email",)

    def save(self, commit: bool = True) -> User:
        self.instance.set_unusable_password()
        user: User = super().save(commit)
        return user


@admin.register(User)
class UserAdmin(RecordedAdmin, DjangoUserAdmin):  # type: ignore[type-arg]
    """Users sign in by e-mail; their role in an account decides what they may do.

    Only superusers change rights, passwords and other operators: a changed address gives access
    to the rights of its user. The rights of other operators come from Django's permissions."""

    verbs = Verbs(None, None, AccountVerb.MEMBER_REMOVED)
    list_display = ("email", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email", "first_name", "last_name")
    ordering = ("email",)
    readonly_fields = ("id", "date_joined", "last_login")
    fieldsets = (
        (None, {"fields": ("email", "password", "first_name", "last_name")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "user_permissions")}),
        ("Record", {"fields": ("id", "date_joined", "last_login")}),
    )
    add_form = NewUserForm
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "usable_password", "password1", "password2"),
            },
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Leave out what only superusers may change; no other field is accepted from a form."""
        if is_superuser(request):
            return super().get_fieldsets(request, obj)
        if obj is None:
            return ((None, {"classes": ("wide",), "fields": ("email",)}),)
        return (
            (None, {"fields": ("email", "first_name", "last_name", "is_active")}),
            ("Record", {"fields": ("id", "date_joined", "last_login")}),
        )

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm[Any]]:
        if obj is None and not is_superuser(request):
            kwargs["form"] = NewCustomerForm
        return super().get_form(request, obj, change=change, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return _may_touch(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return _may_touch(request, obj) and super().has_delete_permission(request, obj)

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """Set or remove the password of a user. Raises PermissionDenied for all but superusers."""
        if not is_superuser(request):
            raise PermissionDenied
        with transaction.atomic():
            response: HttpResponse = super().user_change_password(request, id, form_url)
        return response

    def accounts_of(self, obj: User) -> list[UUID]:
        return list(Member.objects.filter(user=obj).values_list("account_id", flat=True))

    def save_model(
        self, request: HttpRequest, obj: User, form: ModelForm[Any], change: bool
    ) -> None:
        """Save the user. A changed address must be confirmed at the next sign-in."""
        obj.email = User.objects.normalize_email(obj.email)
        old = form.initial.get("email", "") if change else obj.email
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if change and old.lower() != obj.email:
                addresses.changed_by_operator(obj, old, by=operator_of(request))
        addresses.keep_sign_in(request, obj)

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> LogEntry:
        """Record the changed fields, also of the password's page, in the user's accounts."""
        changed = [str(field) for part in message for field in _fields(part)]
        if changed:
            self.note(request, obj, AccountVerb.SIGN_IN_CHANGED, ", ".join(changed))
        return super().log_change(request, obj, message)


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    """Return whether this operator may change or delete ``user``; None: some user."""
    return user is None or is_superuser(request) or not (user.is_staff or user.is_superuser)


def _fields(part: Any) -> list[str]:
    return part.get("changed", {}).get("fields", []) if isinstance(part, dict) else []
