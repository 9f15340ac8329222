"""What the sign-in library mails, in our words: one letter for each name that it asks for. No I/O.

The library hands over what it knows as a context; the times in it are of UTC, for whoever signs
in has said nowhere which zone is his.
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
    """The letter that the library calls ``name`` ("login_code"). Raises KeyError for one that we
    have no words for."""
    if name in _DONE:
        return _done(name, context)
    return _ASKED[name](context)


def _confirmation(context: Context) -> MailContent:
    return _confirm(context, _("If you did not ask for this, you need not do anything."))


def _signup(context: Context) -> MailContent:
    return _confirm(context, _("If you did not ask for an account, you need not do anything."))


def _confirm(context: Context, otherwise: str) -> MailContent:
    return MailContent(
        subject=_("Confirm your e-mail address"),
        lead=_("Confirm that this address is yours."),
        button=Button(_("Confirm the address"), context["activate_url"]),
        facts=[_address(context)],
        paragraphs=[_("The link works for three days."), otherwise],
    )


def _login_code(context: Context) -> MailContent:
    return MailContent(
        subject=_("%(code)s is your sign-in code") % {"code": context["code"]},
        lead=_("Type this code where you asked for it."),
        code=context["code"],
        paragraphs=[
            _("It works for 15 minutes. Give it to nobody: we never ask for it."),
            _("If you did not ask for it, you need not do anything."),
        ],
    )


def _reset(context: Context) -> MailContent:
    return MailContent(
        subject=_("Choose a new password"),
        lead=_("Choose a new password."),
        button=Button(_("Choose a password"), context["password_reset_url"]),
        why=_("Somebody, perhaps you, asked for a new password."),
        facts=[_address(context)],
        paragraphs=[
            _("The link works once, for a day."),
            _("If it was not you, you need not do anything: your password stays as it is."),
        ],
    )


def _exists(context: Context) -> MailContent:
    return MailContent(
        subject=_("You have an account already"),
        lead=_("Sign in: you have an account already."),
        button=Button(_("Sign in"), reverse("account_login")),
        why=_("Somebody, perhaps you, tried to create an account with this address."),
        facts=[
            _address(context),
            (_("You forgot the password?"), Button("", reverse("account_reset_password")).url),
        ],
        paragraphs=[_("If it was not you, you need not do anything: nothing has changed.")],
    )


def _unknown(context: Context) -> MailContent:
    return MailContent(
        subject=_("There is no account with this address"),
        lead=_("Try another address of yours, or create an account."),
        button=Button(_("Create an account"), reverse("account_signup")),
        why=_(
            "Somebody, perhaps you, tried to get into Pairline with this address. There is no "
            "account with it."
        ),
        facts=[_address(context)],
        paragraphs=[_("If it was not you, you need not do anything.")],
    )


_ASKED: Mapping[str, Callable[[Context], MailContent]] = {
    "email_confirmation": _confirmation,
    "email_confirmation_signup": _signup,
    "login_code": _login_code,
    "password_reset_key": _reset,
    "account_already_exists": _exists,
    "unknown_account": _unknown,
}

_DONE: Mapping[str, tuple[str | Promise, str | Promise]] = {
    "email_changed": (
        gettext_lazy("Your e-mail address was changed"),
        gettext_lazy("You sign in as %(to_email)s now, no longer as %(from_email)s."),
    ),
    "email_confirm": (
        gettext_lazy("Your e-mail address is confirmed"),
        gettext_lazy("%(email)s is confirmed."),
    ),
    "email_deleted": (
        gettext_lazy("A change of your address was called off"),
        gettext_lazy("%(deleted_email)s does not become your address."),
    ),
    "password_changed": (
        gettext_lazy("Your password was changed"),
        gettext_lazy("The password of %(email)s was changed."),
    ),
    "password_reset": (
        gettext_lazy("Your password was changed"),
        gettext_lazy("The password of %(email)s was changed, with a link that we mailed to you."),
    ),
    "password_set": (
        gettext_lazy("Your password was set"),
        gettext_lazy("A password was set for %(email)s."),
    ),
    "recovery_codes_generated": (
        gettext_lazy("You have new recovery codes"),
        gettext_lazy("New recovery codes were made for %(email)s. The old ones no longer work."),
    ),
    "totp_activated": (
        gettext_lazy("Two-factor is on"),
        gettext_lazy("An authenticator app was set up for %(email)s."),
    ),
    "totp_deactivated": (
        gettext_lazy("Two-factor is off"),
        gettext_lazy("The authenticator app of %(email)s was switched off."),
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
"""What was done with somebody's sign-in: the subject, and what happened."""


NAMES = (*_ASKED, *_DONE)
"""What the library calls the letters that we have words for."""


def _done(name: str, context: Context) -> MailContent:
    subject, happened = _DONE[name]
    return MailContent(
        subject=str(subject),
        lead=_("Nothing to do if it was you. If not, choose a new password at once."),
        button=Button(_("It was not me"), reverse("account_reset_password")),
        why=str(happened) % context,
        facts=[
            (_("When"), moment(context["timestamp"], "UTC")),
            (_("From the address"), str(context["ip"])),
            (_("With"), str(context["user_agent"])),
        ],
        paragraphs=[_("A new password ends every sign-in that there is.")],
    )


def _address(context: Context) -> Pair:
    return _("Your address"), str(context["email"])
