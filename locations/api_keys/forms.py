"""What people choose for an API key, checked; errors are sentences beside the field."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from locations.accounts.rules import NotAName, checked_name
from locations.api_keys.actions import Grace, KeyLimits
from locations.models import Location, Scope

MOST_CALLS_A_MINUTE = 1_000_000


class KeyForm(forms.Form):
    """A name, and what the key may do, where, until when and how often."""

    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        error_messages={"required": _("Give the key a name, such as the program that uses it.")},
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
        help_text=_("Choose none for all locations, also those that you add later."),
        error_messages={"invalid_choice": _("One of these locations is no longer there.")},
    )
    expires_on = forms.DateField(
        label=_("Last day (optional)"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        help_text=_("It works until the end of this day, UTC."),
        error_messages={"invalid": _("Write the day like 2027-12-31.")},
    )
    calls_a_minute = forms.IntegerField(
        label=_("Calls a minute (optional)"),
        required=False,
        min_value=1,
        max_value=MOST_CALLS_A_MINUTE,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=_("Leave it empty for as many as your plan allows."),
    )

    def __init__(self, *args: Any, places: list[Location], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._places = {str(place.pk): place for place in places}
        field = cast(forms.MultipleChoiceField, self.fields["locations"])
        field.choices = [(key, place.name) for key, place in self._places.items()]

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
        """What was chosen; only after ``is_valid``."""
        chosen = self.cleaned_data
        return KeyLimits(
            scopes=[Scope(scope) for scope in chosen["scopes"]],
            locations=[self._places[key] for key in chosen["locations"]],
            expires_at=_end_of(chosen["expires_on"]),
            calls_a_minute=chosen["calls_a_minute"],
        )


def _end_of(day: date | None) -> datetime | None:
    if day is None:
        return None
    return datetime.combine(day, time.max, tzinfo=UTC)


class RotateForm(forms.Form):
    """When the old secret ends."""

    grace = forms.ChoiceField(
        label=_("The old secret stops working"),
        choices=[(grace.value, grace.words) for grace in Grace],
        initial=Grace.HOUR.value,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one.")},
    )

    @property
    def chosen(self) -> Grace:
        """What was chosen; only after ``is_valid``."""
        return Grace(self.cleaned_data["grace"])
