"""The forms for API keys."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from locations.accounts.rules import NotAName, checked_name
from locations.api_keys.actions import Grace, KeyLimits
from locations.models import Location, Scope

MAX_CALLS_A_MINUTE = 1_000_000


class KeyForm(forms.Form):
    """The name, scopes, locations, expiry and rate limit of a key."""

    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        error_messages={"required": _("Enter a name, such as the program that uses the key.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=Scope.choices,
        initial=[Scope.READ, Scope.SEND],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )
    locations = forms.MultipleChoiceField(
        label=_("Where"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose none for all locations, including those you add later."),
        error_messages={"invalid_choice": _("One of these locations no longer exists.")},
    )
    expires_on = forms.DateField(
        label=_("Last day (optional)"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        help_text=_("It works until the end of this day, UTC."),
        error_messages={"invalid": _("Enter the day like 2027-12-31.")},
    )
    calls_a_minute = forms.IntegerField(
        label=_("Calls per minute (optional)"),
        required=False,
        min_value=1,
        max_value=MAX_CALLS_A_MINUTE,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=_("Leave empty for the limit of your plan."),
    )

    def __init__(self, *args: Any, locations: list[Location], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._locations = {str(location.pk): location for location in locations}
        field = cast(forms.MultipleChoiceField, self.fields["locations"])
        field.choices = [(key, location.name) for key, location in self._locations.items()]

    def clean_name(self) -> str:
        try:
            return checked_name(self.cleaned_data["name"])
        except NotAName as error:
            raise forms.ValidationError(str(error)) from error

    def clean_expires_on(self) -> date | None:
        day: date | None = self.cleaned_data["expires_on"]
        if day is not None and day < timezone.now().date():
            raise forms.ValidationError(_("Choose today or a later day."))
        return day

    @property
    def limits(self) -> KeyLimits:
        """Return the chosen limits of a valid form."""
        chosen = self.cleaned_data
        return KeyLimits(
            scopes=[Scope(scope) for scope in chosen["scopes"]],
            locations=[self._locations[key] for key in chosen["locations"]],
            expires_at=_end_of(chosen["expires_on"]),
            calls_a_minute=chosen["calls_a_minute"],
        )


def _end_of(day: date | None) -> datetime | None:
    if day is None:
        return None
    return datetime.combine(day, time.max, tzinfo=UTC)


class RotateForm(forms.Form):
    """When the old secret stops working."""

    grace = forms.ChoiceField(
        label=_("The old secret stops working"),
        choices=[(grace.value, grace.label) for grace in Grace],
        initial=Grace.HOUR.value,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one.")},
    )

    @property
    def chosen(self) -> Grace:
        """Return the choice of a valid form."""
        return Grace(self.cleaned_data["grace"])
