"""The forms for passkeys."""

from __future__ import annotations

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.utils.translation import gettext_lazy as _

from locations.auth.forms import NameField

NAME_CHARACTERS = 60
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
    """Instead of the password."""


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


class RenamePasskeyForm(EditWebAuthnForm):  # type: ignore[misc]
    name = NameField(label=_("Name"), max_length=NAME_CHARACTERS)
