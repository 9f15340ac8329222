"""The forms of the session pages."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from core.text.phone_numbers import EXAMPLE, NotANumber, e164
from sessions_app.models.session import DEVICE_NAME_CHARACTERS


def _number_required() -> str:
    return str(NotANumber())


_number_required_lazy = lazy(_number_required, str)  # translated for each user


class PhoneField(forms.CharField):
    """A telephone number with its country code, normalized to E.164."""

    def __init__(self, autocomplete: str = "tel", **kwargs: Any) -> None:
        widget = forms.TextInput(
            attrs={"type": "tel", "autocomplete": autocomplete, "placeholder": EXAMPLE, "size": 20}
        )
        super().__init__(
            **{
                "widget": widget,
                "max_length": 40,
                "error_messages": {"required": _number_required_lazy()},
                **kwargs,
            }
        )

    def clean(self, value: Any) -> str:
        try:
            return e164(super().clean(value))
        except NotANumber as error:
            raise forms.ValidationError(str(error), code="invalid") from error


# Shown in the phone's settings: no invisible characters, none that change the text direction.
_NAME = re.compile(r"[\w][\w .,'&-]*")


class SmallForm(forms.Form):
    """A form that is one part of a page. With errors, the first wrong field gets the focus."""

    def is_valid(self) -> bool:
        """Validate the form and focus the first field with an error."""
        valid = super().is_valid()
        for name in self.errors:
            if name in self.fields:
                self.focus(name)
                break
        return valid

    def focus(self, name: str) -> None:
        """Focus the field ``name`` when the form is rendered."""
        self.fields[name].widget.attrs["autofocus"] = True


class ConnectForm(forms.Form):
    """The location to connect. The view still checks access to the id in ``location``."""

    location = forms.CharField(error_messages={"required": _("Choose a location.")}, max_length=64)


class PairingForm(SmallForm):
    """The number of the phone on which the pairing code will be typed."""

    phone = PhoneField(label=_("Number of the phone"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.focus("phone")


class DeviceNameForm(SmallForm):
    """The name that WhatsApp shows on the phone under Linked devices."""

    name = forms.CharField(
        label=_("Name on the phone"),
        max_length=DEVICE_NAME_CHARACTERS,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "size": 30}),
        help_text=_("Letters, digits and spaces, at most 40. Leave it empty for Pairline."),
    )

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if name and not _NAME.fullmatch(name):
            raise forms.ValidationError(
                _("Use only letters, digits, spaces and . , ' & -"), code="invalid"
            )
        return name
