"""The adapters of allauth: messages, mails, sign-up, and encryption of secrets."""

from __future__ import annotations

import logging
import smtplib
from dataclasses import replace
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.stagekit import clear_login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from core.data.network_wait import before_network_wait
from core.mail.content import message_of, render
from locations.accounts.addresses import is_address_of, keep_sign_in
from locations.accounts.invitations import pending
from locations.accounts.provisioning import create_account
from locations.accounts.rules import is_plain
from locations.auth import mfa_secrets
from locations.auth.mails import content_for
from locations.current_user import ip_address_of
from locations.models import User

logger = logging.getLogger(__name__)

EMAIL_CHARACTERS = 254


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Messages, mails and sign-up. Users who sign up with the address that received their
    invitation need not verify it again."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("This e-mail and password do not match. Please try again."),
        "enter_current_password": _("This is not your password."),
        "incorrect_password": _("This is not your password."),
        "incorrect_code": _("This code is not correct. Please check it."),
        "too_many_login_attempts": _("Too many attempts. Wait a few minutes, then try again."),
        "rate_limited": _("Too many attempts. Wait a minute, then try again."),
        "duplicate_email": _("This is already your address."),
    }

    def trust_invited(self, email: str) -> None:
        """Mark ``email`` as verified before the sign-up if the invitation was mailed to it."""
        invitation = pending(self.request)
        if invitation is not None and invitation.email == email.lower():
            self.stash_verified_email(self.request, invitation.email)

    def create_first_account(self, user: User, business: str) -> None:
        """Create an account for a new user, unless they named no ``business`` because they were
        invited. Called in the transaction of the sign-up."""
        if business:
            create_account(user, business, ip_address_of(self.request))

    def clean_email(self, email: str) -> str:
        if not is_plain(email) or len(email) > EMAIL_CHARACTERS:  # longer ones would be cut
            raise forms.ValidationError(gettext("Enter a valid email address."))
        return email

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Refuse a sign-in that began with an address which the user no longer has, before allauth
        adds and confirms that address again."""
        email = kwargs.get("email")
        if email and not is_address_of(user, email):
            return _begin_again(request)
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign in, unless the address of an earlier step is no longer one of the user."""
        steps = get_authentication_records(request, user)
        if not all(is_address_of(user, step["email"]) for step in steps if step.get("email")):
            raise ImmediateHttpResponse(_begin_again(request))
        super().login(request, user)

    def reauthenticate(self, user: User, password: str) -> bool:
        """Check the password. Keep the sign-in if the check has renewed an outdated hash."""
        correct: bool = super().reauthenticate(user, password)
        before = user.password
        user.refresh_from_db(fields=["password"])
        if correct and user.password != before:
            keep_sign_in(self.request, user)
        return correct

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, Any]]:
        """Return the ways to confirm that it is the user, the default first. The password alone is
        not enough for users with a second step."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        second = [method for method in methods if method["id"] != "reauthenticate"]
        return second or methods

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail. If the mail server refuses it, show an error but keep what was done."""
        context = {"request": self.request, "email": email, **context}
        message = self.render_mail(template_prefix, email, context)
        before_network_wait()
        try:
            message.send()
        except (OSError, smtplib.SMTPException) as error:
            name = template_prefix.rpartition("/")[2]
            logger.error(
                "A mail could not be sent", extra={"mail": name, "error": type(error).__name__}
            )
            messages.error(self.request, gettext("We cannot send mail right now. Try again later."))

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMultiAlternatives:
        """Render a mail of allauth with our content, see ``locations/auth/mails.py``."""
        content = content_for(template_prefix.rpartition("/")[2], context)
        content = replace(content, headers=headers or {})
        to = email if isinstance(email, str) else email[0]
        return message_of(render(content, get_language() or settings.LANGUAGE_CODE), to)

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        path = reverse("account_confirm_email", args=[emailconfirmation.key])
        return f"{settings.PUBLIC_URL}{path}"

    def get_reset_password_from_key_url(self, key: str) -> str:
        uid, token = key.split("-", 1)
        path = reverse("account_reset_password_from_key", args=[uid, token])
        return f"{settings.PUBLIC_URL}{path}"


def _begin_again(request: HttpRequest) -> HttpResponse:
    clear_login(request)
    messages.error(request, gettext("The address of this user was changed. Sign in with it."))
    return redirect("account_login")


class SecondStepAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Encrypts the secrets of authenticator apps and recovery codes."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is not correct. Please check it."),
        "passkey_is_second_step": _(
            "This passkey is only a second step: sign in with your password first. To sign in with "
            "the passkey alone, remove it under Settings › Passkeys and add it again."
        ),
        "add_email_blocked": _("Turn two-factor off before you change your address."),
        "unverified_email": _("Confirm your new address first, or cancel the change."),
    }

    def encrypt(self, text: str) -> str:
        return mfa_secrets.sealed(text)

    def decrypt(self, encrypted_text: str) -> str:
        return mfa_secrets.opened(encrypted_text)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        """Return the default name of a new passkey."""
        held = Authenticator.objects.filter(user=user, type=type).count()
        return gettext("Passkey %(number)d") % {"number": held + 1}

    def _get_site_name(self) -> str:
        return str(settings.MFA_TOTP_ISSUER)
