"""What people type to sign in."""

from __future__ import annotations

from django import forms
from django.contrib.auth.forms import AuthenticationForm


class SignInForm(AuthenticationForm):
    """E-mail and password. One sentence for every failure: it tells nobody who has an account."""

    error_messages = {
        "invalid_login": "This e-mail and password do not go together. Please try again.",
        "inactive": "This e-mail and password do not go together. Please try again.",
    }
    username = forms.EmailField(
        label="E-mail",
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
