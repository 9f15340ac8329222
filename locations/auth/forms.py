"""The forms for sign-up, sign-in and passwords."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import (
    AddEmailForm,
    LoginForm,
    RequestLoginCodeForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SignupForm,
)
from allauth.account.forms import ChangePasswordForm as LibraryChangePasswordForm
from allauth.account.forms import SetPasswordForm as LibrarySetPasswordForm
from allauth.core import context as allauth_context
from django import forms
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.security.client_ip import network_of
from locations.accounts.invitations import pending
from locations.accounts.rules import NAME_CHARACTERS, NotAName, checked_name
from locations.current_user import ip_address_of
from locations.models import User
from locations.plans.action_limits import ActionLimit, TooOften, count_action


class NameField(forms.CharField):
    """A name without invisible characters."""

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        try:
            return checked_name(text) if text else text
        except NotAName as error:
            raise forms.ValidationError(str(error)) from None


class SignInForm(LoginForm):  # type: ignore[misc]
    """E-mail and password. All failures have the same message, to not reveal who has an account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("E-mail")
        self.fields["login"].widget.attrs.update(autocomplete="username", autofocus=True)


class SignUpForm(SignupForm):  # type: ignore[misc]
    """E-mail, password and business: creates a user and their account."""

    account = NameField(
        label=_("Name of your business"),
        max_length=NAME_CHARACTERS,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    # Reported by the browser (static/js/zone.js); stored for mails by ``notifications``.
    time_zone = forms.CharField(required=False, widget=forms.HiddenInput({"data-guess": ""}))
    field_order = ["account", "email", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail")
        if pending(allauth_context.request):  # invited users join an existing account
            del self.fields["account"]

    def clean(self) -> dict[str, Any]:
        """Also count the sign-up, if nothing else is wrong; invited users do not count."""
        cleaned: dict[str, Any] = super().clean()
        if not self.errors and not pending(allauth_context.request):
            network = network_of(ip_address_of(allauth_context.request))
            try:
                count_action((ActionLimit.SIGN_UPS_OF_NETWORK, network))
            except TooOften as error:
                raise forms.ValidationError(str(error)) from None
        return cleaned

    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists:  # hash as for a new user, to take as long
            User().set_password(self.cleaned_data["password1"])
        return super().try_save(request)

    def save(self, request: HttpRequest) -> User:
        with transaction.atomic():
            get_adapter(request).trust_invited(self.cleaned_data["email"])
            user: User = super().save(request)
            get_adapter(request).create_first_account(user, self.cleaned_data.get("account", ""))
        return user


class NewAddressForm(AddEmailForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("New e-mail address")


class AskForCodeForm(RequestLoginCodeForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail")


class AskForResetForm(ResetPasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail")


class _PasswordTwiceForm(forms.Form):
    """A new password, typed twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = _("New password")
        self.fields["password2"].label = _("New password, again")


class ChangePasswordForm(_PasswordTwiceForm, LibraryChangePasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("Current password")


class SetPasswordForm(_PasswordTwiceForm, LibrarySetPasswordForm):  # type: ignore[misc]
    """The first password of a user who has none."""


class NewPasswordForm(_PasswordTwiceForm, ResetPasswordKeyForm):  # type: ignore[misc]
    """A new password after a reset."""
