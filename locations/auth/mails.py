"""The content of allauth's mails, one for each of its template names. No I/O.

allauth passes the facts as a context. Times are in UTC, because the user's time zone may not be
known yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.mail.content import Button, MailContent, Pair
from core.text.dates import moment

Context = Mapping[str, Any]


def content_for(name: str, context: Context) -> MailContent:
    """Return the mail that allauth calls ``name`` (such as "login_code"). Raises KeyError for an
    unknown one."""
    if name in _CHANGES:
        return _changed(name, context)
    return _REQUESTED[name](context)


def _confirmation(context: Context) -> MailContent:
    return _confirm(context, _("If you did not request this, ignore this mail."))


def _signup(context: Context) -> MailContent:
    return _confirm(context, _("If you did not sign up, ignore this mail."))


def _confirm(context: Context, otherwise: str) -> MailContent:
    return MailContent(
        subject=_("Confirm your e-mail address"),
        lead=_("Confirm that this is your address."),
        button=Button(_("Confirm the address"), context["activate_url"]),
        facts=[_address(context)],
        paragraphs=[_("The link works for three days."), otherwise],
    )


def _login_code(context: Context) -> MailContent:
    return MailContent(
        subject=_("%(code)s is your sign-in code") % {"code": context["code"]},
        lead=_("Enter this code on the page where you requested it."),
        code=context["code"],
        paragraphs=[
            _("It works for 15 minutes. Never share it: we will not ask you for it."),
            _("If you did not request it, ignore this mail."),
        ],
    )


def _reset(context: Context) -> MailContent:
    return MailContent(
        subject=_("Choose a new password"),
        lead=_("Choose a new password."),
        button=Button(_("Choose a password"), context["password_reset_url"]),
        why=_("You, or someone with your address, requested a new password."),
        facts=[_address(context)],
        paragraphs=[
            _("The link works once, within a day."),
            _("If it was not you, ignore this mail: your password does not change."),
        ],
    )


def _exists(context: Context) -> MailContent:
    return MailContent(
        subject=_("You already have an account"),
        lead=_("Sign in: you already have an account."),
        button=Button(_("Sign in"), reverse("account_login")),
        why=_("You, or someone with your address, tried to create an account."),
        facts=[
            _address(context),
            (_("Forgot your password?"), Button("", reverse("account_reset_password")).url),
        ],
        paragraphs=[_("If it was not you, ignore this mail: nothing has changed.")],
    )


def _unknown(context: Context) -> MailContent:
    return MailContent(
        subject=_("There is no account with this address"),
        lead=_("Try another of your addresses, or create an account."),
        button=Button(_("Create an account"), reverse("account_signup")),
        why=_(
            "You, or someone with your address, tried to sign in to Pairline. There is no account "
            "with this address."
        ),
        facts=[_address(context)],
        paragraphs=[_("If it was not you, ignore this mail.")],
    )


_REQUESTED: Mapping[str, Callable[[Context], MailContent]] = {
    "email_confirmation": _confirmation,
    "email_confirmation_signup": _signup,
    "login_code": _login_code,
    "password_reset_key": _reset,
    "account_already_exists": _exists,
    "unknown_account": _unknown,
}

_CHANGES: Mapping[str, tuple[str | Promise, str | Promise]] = {
    "email_changed": (
        gettext_lazy("Your e-mail address was changed"),
        gettext_lazy("You now sign in as %(to_email)s, no longer as %(from_email)s."),
    ),
    "email_confirm": (
        gettext_lazy("Your e-mail address is confirmed"),
        gettext_lazy("%(email)s is confirmed."),
    ),
    "email_deleted": (
        gettext_lazy("The change of your address was cancelled"),
        gettext_lazy("%(deleted_email)s will not become your address."),
    ),
    "password_changed": (
        gettext_lazy("Your password was changed"),
        gettext_lazy("The password of %(email)s was changed."),
    ),
    "password_reset": (
        gettext_lazy("Your password was changed"),
        gettext_lazy("The password of %(email)s was changed, using a link from a mail."),
    ),
    "password_set": (
        gettext_lazy("Your password was set"),
        gettext_lazy("A password was set for %(email)s."),
    ),
    "recovery_codes_generated": (
        gettext_lazy("You have new recovery codes"),
        gettext_lazy("New recovery codes were created for %(email)s. The old ones no longer work."),
    ),
    "totp_activated": (
        gettext_lazy("Two-factor is on"),
        gettext_lazy("An authenticator app was set up for %(email)s."),
    ),
    "totp_deactivated": (
        gettext_lazy("Two-factor is off"),
        gettext_lazy("The authenticator app of %(email)s was removed."),
    ),
    "webauthn_added": (
        gettext_lazy("A passkey was added"),
        gettext_lazy("A passkey was added for %(email)s."),
    ),
    "webauthn_removed": (
        gettext_lazy("A passkey was removed"),
        gettext_lazy("A passkey of %(email)s was removed."),
    ),
}
"""Mails about changes to the sign-in of a user: the subject, and what happened."""


NAMES = (*_REQUESTED, *_CHANGES)
"""All mails of allauth that we have content for."""


def _changed(name: str, context: Context) -> MailContent:
    subject, happened = _CHANGES[name]
    return MailContent(
        subject=str(subject),
        lead=_("If it was you, there is nothing to do. If not, choose a new password now."),
        button=Button(_("This was not me"), reverse("account_reset_password")),
        why=str(happened) % context,
        facts=[
            (_("When"), moment(context["timestamp"], "UTC")),
            (_("IP address"), str(context["ip"])),
            (_("Browser"), str(context["user_agent"])),
        ],
        paragraphs=[_("A new password ends all sign-ins.")],
    )


def _address(context: Context) -> Pair:
    return _("Your address"), str(context["email"])
