"""What people type to sign up and to sign in."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm, SignupForm
from django import forms
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from locations.models import User


class AccountForm(forms.Form):
    """The name of a business, which is all that an account needs."""

    account = forms.CharField(
        label=_("Name of your business"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )


class SignInForm(LoginForm):  # type: ignore[misc]
    """E-mail and password. One sentence for every failure: it tells nobody who has an account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("E-mail")
        self.fields["login"].widget.attrs.update(autocomplete="username", autofocus=True)


class SignUpForm(AccountForm, SignupForm):  # type: ignore[misc]
    """E-mail, password and business: a person, and an account that he owns."""

    field_order = ["account", "email", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail")

    def save(self, request: HttpRequest) -> User:
        with transaction.atomic():
            user: User = super().save(request)
            get_adapter(request).settle(user, self.cleaned_data["account"])
        return user

    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists:  # takes as long as a new one: it hashes, too
            User().set_password(self.cleaned_data["password1"])
        return super().try_save(request)
