"""What people type about a location, checked; errors are sentences beside the field."""

from __future__ import annotations

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from locations.accounts.rules import NotAName, checked_name


def location_name(text: str) -> str:
    """``text`` as a name. Raises ValidationError."""
    try:
        return checked_name(text)
    except NotAName as error:
        raise forms.ValidationError(str(error), code="invalid") from error


ghl_id_validator = RegexValidator(
    r"^[A-Za-z0-9_-]{1,64}\Z",
    _("Copy the id from GoHighLevel: letters and digits, without blanks."),
)


class LocationForm(forms.Form):
    """A name, and the id at GoHighLevel if there is one."""

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
