"""Where the sign-in library asks us: sentences, mails, what a sign-up makes, how secrets rest."""

from __future__ import annotations

import logging
import smtplib
from dataclasses import replace
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from core.mail.content import message_of, render
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
    """Ours instead of the library's. Whoever signs up with the address that his invitation was
    mailed to has proved it: it is not asked for again."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _(
            "This e-mail and password do not go together. Please try again."
        ),
        "enter_current_password": _("This is not your password."),
        "incorrect_password": _("This is not your password."),
        "incorrect_code": _("This is not the code. Please check it."),
        "too_many_login_attempts": _("Too many attempts. Wait a few minutes, then try again."),
        "rate_limited": _("Too many attempts. Wait a minute, then try again."),
        "duplicate_email": _("This is your address already."),
    }

    def trust_invited(self, email: str) -> None:
        """Before the sign-up: ``email`` is verified when the invitation was mailed to it."""
        invitation = pending(self.request)
        if invitation is not None and invitation.email == email.lower():
            self.stash_verified_email(self.request, invitation.email)

    def settle(self, user: User, business: str) -> None:
        """Give somebody who just signed up his place: an account of his own, unless he named
        none, for he comes from an invitation. In the transaction of the sign-up;
        ``self.request`` is the request of it."""
        if business:
            create_account(user, business, ip_address_of(self.request))

    def clean_email(self, email: str) -> str:
        if not is_plain(email) or len(email) > EMAIL_CHARACTERS:  # else it would be cut
            raise forms.ValidationError(gettext("Enter a valid email address."))
        return email

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """When the mail server does not take it the page says so, and what was done stays done."""
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, smtplib.SMTPException) as error:
            name = template_prefix.rpartition("/")[2]
            logger.error(
                "A mail could not be sent", extra={"mail": name, "error": type(error).__name__}
            )
            messages.error(self.request, gettext("We cannot send mails right now. Try later."))

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMultiAlternatives:
        """In the form of all our mails; its words are in ``account_letters.py``."""
        letter = content_for(template_prefix.rpartition("/")[2], context)
        letter = replace(letter, headers=headers or {})
        to = email if isinstance(email, str) else email[0]
        return message_of(render(letter, get_language() or settings.LANGUAGE_CODE), to)

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        path = reverse("account_confirm_email", args=[emailconfirmation.key])
        return f"{settings.PUBLIC_URL}{path}"

    def get_reset_password_from_key_url(self, key: str) -> str:
        uid, token = key.split("-", 1)
        path = reverse("account_reset_password_from_key", args=[uid, token])
        return f"{settings.PUBLIC_URL}{path}"


class SecondStepAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """The secrets of authenticator apps and recovery codes are sealed in their rows."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This is not the code. Please check it."),
        "add_email_blocked": _("Switch two-factor off before you change your address."),
        "unverified_email": _("Confirm your new address first, or call its change off."),
    }

    def encrypt(self, text: str) -> str:
        return mfa_secrets.sealed(text)

    def decrypt(self, encrypted_text: str) -> str:
        return mfa_secrets.opened(encrypted_text)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        """What a new passkey is called until its owner says better."""
        held = Authenticator.objects.filter(user=user, type=type).count()
        return gettext("Passkey %(number)d") % {"number": held + 1}

    def _get_site_name(self) -> str:
        return str(settings.MFA_TOTP_ISSUER)
