"""The admin of users."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db import transaction
from django.forms import ModelForm
from django.http import HttpRequest

from locations.accounts import addresses
from locations.accounts.admin import operator_of
from locations.models import User


class NewUserForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email",)


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    """Users sign in by e-mail; their role in an account decides what they may do."""

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
