"""The forms for passkeys."""

from __future__ import annotations

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from locations.auth.forms import NameField

NAME_CHARACTERS = 60
# In the data of an authenticator: whether the user chose that it replaces the password. What the
# browser reports (``credProps.rk``) is no choice: many devices store every key.
PASSWORDLESS = "passwordless"
# What parsing raises for a response that no browser would send.
_MALFORMED = (AttributeError, KeyError, RecursionError, TypeError, ValueError)


class _ResponseField(forms.JSONField):
    """The response of the browser. A malformed one is a validation error."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except _MALFORMED:
            raise get_adapter().validation_error("incorrect_code") from None

    def bound_data(self, data: Any, initial: Any) -> None:
        """Return nothing: a response is valid once, so the form does not repeat it."""


class _ProofForm(forms.Form):
    credential = _ResponseField(widget=forms.HiddenInput)

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except _MALFORMED:
            raise get_adapter().validation_error("incorrect_code") from None


class PasskeySignInForm(_ProofForm, LoginWebAuthnForm):  # type: ignore[misc]
    """Instead of the password. Only for keys that their user has added for this."""

    def clean_credential(self) -> Any:
        key = super().clean_credential()
        if not key.data.get(PASSWORDLESS):
            raise get_adapter().validation_error("passkey_is_second_step")
        return key


class PasskeyStepForm(_ProofForm, AuthenticateWebAuthnForm):  # type: ignore[misc]
    """After the password."""


class PasskeyAgainForm(_ProofForm, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """Before a change."""


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    name = NameField(label=_("Name"), max_length=NAME_CHARACTERS, required=False)
    credential = _ResponseField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        passwordless = self.fields["passwordless"]
        passwordless.label, passwordless.initial = _("Sign in with it alone"), True
        passwordless.help_text = _(
            "Without your password. Your device asks for your fingerprint, face or PIN."
        )

    def clean(self) -> Any:
        try:
            return super().clean()
        except _MALFORMED:
            raise get_adapter().validation_error("incorrect_code") from None


@receiver(authenticator_added)
def keep_choice(request: HttpRequest, authenticator: Authenticator, **kwargs: object) -> None:
    """Store whether a new passkey may replace the password. Only ``AddPasskeyForm`` adds them, so
    this module is loaded by then."""
    if authenticator.type == Authenticator.Type.WEBAUTHN:
        chosen = forms.CheckboxInput().value_from_datadict(
            request.POST, request.FILES, PASSWORDLESS
        )
        authenticator.data[PASSWORDLESS] = bool(chosen)
        authenticator.save(update_fields=["data"])


class RenamePasskeyForm(EditWebAuthnForm):  # type: ignore[misc]
    name = NameField(label=_("Name"), max_length=NAME_CHARACTERS)
