"""What people type about sessions, checked; errors are sentences beside the field."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from core.text.phone_numbers import EXAMPLE, NotANumber, e164
from sessions_app.models.session import DEVICE_NAME_CHARACTERS


def _asked_for() -> str:
    return str(NotANumber())


_needs_a_number = lazy(_asked_for, str)  # in the language of who sees it


class PhoneField(forms.CharField):
    """A telephone number with its country code; cleaned to E.164."""

    def __init__(self, autocomplete: str = "tel", **kwargs: Any) -> None:
        widget = forms.TextInput(
            attrs={"type": "tel", "autocomplete": autocomplete, "placeholder": EXAMPLE, "size": 20}
        )
        super().__init__(
            **{
                "widget": widget,
                "max_length": 40,
                "error_messages": {"required": _needs_a_number()},
                **kwargs,
            }
        )

    def clean(self, value: Any) -> str:
        try:
            return e164(super().clean(value))
        except NotANumber as error:
            raise forms.ValidationError(str(error), code="invalid") from error


# Seen by everybody who opens the phone's settings: nothing invisible, nothing that reorders.
_NAME = re.compile(r"[\w][\w .,'&-]*")


class SmallForm(forms.Form):
    """A form that stands within a page: when it comes back, the focus is where it is needed."""

    def is_valid(self) -> bool:
        """As Django's; the first field that is wrong gets the focus."""
        valid = super().is_valid()
        for name in self.errors:
            if name in self.fields:
                self.focus(name)
                break
        return valid

    def focus(self, name: str) -> None:
        """Put the focus on the field ``name`` when the form is shown."""
        self.fields[name].widget.attrs["autofocus"] = True


class ConnectForm(forms.Form):
    """Which location to connect. Its ``location`` is an id that the tenant door still judges."""

    location = forms.CharField(error_messages={"required": _("Choose a location.")}, max_length=64)


class PairingForm(SmallForm):
    """The number of the phone that will type a pairing code."""

    phone = PhoneField(label=_("Number of the phone"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.focus("phone")


class DeviceNameForm(SmallForm):
    """What WhatsApp shows on the phone under Linked devices."""

    name = forms.CharField(
        label=_("Name on the phone"),
        max_length=DEVICE_NAME_CHARACTERS,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "size": 30}),
        help_text=_("Letters, digits and spaces, at most 40. Empty: Pairline."),
    )

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if name and not _NAME.fullmatch(name):
            raise forms.ValidationError(
                _("Write letters, digits, spaces and . , ' & - only."), code="invalid"
            )
        return name
