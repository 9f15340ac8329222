"""The forms for accounts and members."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from locations.accounts.rules import NAME_CHARACTERS, NotAName, checked_name, is_plain
from locations.models import Account, Role


class RoleForm(forms.Form):
    """The role of a member."""

    role = forms.ChoiceField(
        label=_("Role"),
        choices=Role.choices,
        error_messages={"invalid_choice": _("Choose one of the three roles.")},
    )


class InviteForm(RoleForm):
    """Whom to invite, and with which role."""

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "required": _("Enter the address of the person to invite."),
            "invalid": _("This is not an e-mail address. Enter it like name@example.com."),
        },
    )
    field_order = ["email", "role"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"role": Role.MEMBER}, **kwargs})

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if not is_plain(email):
            raise ValidationError(_("This has invisible characters. Type it again."))
        return email.lower()


class AccountNameForm(forms.Form):
    """The name of an account."""

    name = forms.CharField(
        label=_("Name of the account"),
        max_length=NAME_CHARACTERS,
        widget=forms.TextInput(attrs={"autocomplete": "organization", "dir": "auto"}),
        error_messages={"required": _("Give the account a name.")},
    )

    def clean_name(self) -> str:
        try:
            return checked_name(self.cleaned_data["name"])
        except NotAName as error:
            raise ValidationError(str(error)) from None


class DeleteForm(forms.Form):
    """Confirm a deletion by typing the name of the account."""

    name = forms.CharField(
        label=_("Type the name of the account"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
        error_messages={"required": _("Type the name of the account to delete it.")},
    )

    def __init__(self, account: Account, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._account = account

    def clean_name(self) -> str:
        typed = " ".join(str(self.cleaned_data["name"]).split())
        if typed != " ".join(self._account.name.split()):
            raise ValidationError(_("This is not the name of the account. Nothing was deleted."))
        return typed
