"""Where the sign-in library asks us: sentences, addresses in mails, what a sign-up makes."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from locations.models import User
from locations.people import open_account


class AccountAdapter(DefaultAccountAdapter):
    """Ours instead of the library's. An invitation that was accepted before the sign-up tells
    ``stash_verified_email`` its address: whoever signs up with that one need not verify it."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _(
            "This e-mail and password do not go together. Please try again."
        ),
        "incorrect_code": _("This is not the code. Please check it."),
        "incorrect_password": _("This is not your password."),
        "too_many_login_attempts": _("Too many attempts. Wait a few minutes, then try again."),
        "rate_limited": _("Too many attempts. Wait a minute, then try again."),
        "same_as_current": _("This is what it is already. Choose another."),
        "duplicate_email": _("This is your address already."),
    }

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Links in mails start with PUBLIC_URL, whatever host a request asked for."""
        super().send_mail(template_prefix, email, {**context, "public_url": settings.PUBLIC_URL})

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        path = reverse("account_confirm_email", args=[emailconfirmation.key])
        return f"{settings.PUBLIC_URL}{path}"

    def get_reset_password_from_key_url(self, key: str) -> str:
        uid, token = key.split("-", 1)
        path = reverse("account_reset_password_from_key", args=[uid, token])
        return f"{settings.PUBLIC_URL}{path}"

    def settle(self, user: User, business: str) -> None:
        """Give somebody who just signed up his place: an account of his own. In the transaction
        of the sign-up; ``self.request`` is the request of it."""
        open_account(user, business, self.get_client_ip(self.request))
