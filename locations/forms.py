"""The forms for locations."""

from __future__ import annotations

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from locations.accounts.rules import NotAName, checked_name


def location_name(text: str) -> str:
    """Normalize a name. Raises ValidationError."""
    try:
        return checked_name(text)
    except NotAName as error:
        raise forms.ValidationError(str(error), code="invalid") from error


ghl_id_validator = RegexValidator(
    r"^[A-Za-z0-9_-]{1,64}\Z",
    _("Copy the id from GoHighLevel: letters and digits, without spaces."),
)


class LocationForm(forms.Form):
    """The name of a location and its id in GoHighLevel, if it has one."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        error_messages={"required": _("Give the location a name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    ghl_id = forms.CharField(
        label=_("GoHighLevel location id (optional)"),
        required=False,
        max_length=64,
        validators=[ghl_id_validator],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_name(self) -> str:
        return location_name(self.cleaned_data["name"])
