"""The form of mail preferences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from core.text.timezones import UTC_NAME, current_name, is_zone, zones_by_region
from notifications.kinds import NoticeKind, When
from notifications.models import MailHabits
from notifications.models.preference import USUAL_HOUR
from notifications.preferences.actions import CHOICES, ChosenPreferences
from notifications.preferences.recipients import Recipient

_PICK_ONE = {"required": _("Choose one."), "invalid_choice": _("Choose one of these.")}
_HOURS = [(str(hour), f"{hour:02}:00") for hour in range(24)]


@dataclass(frozen=True)
class PreferenceField:
    """A row of the page. With ``must`` the mails cannot be turned off."""

    field: BoundField
    must: bool


class PreferencesForm(forms.Form):
    """The preferences of ``recipient``: when to mail each kind, and how to send the summary."""

    quiet_too = forms.BooleanField(
        label=_("Include notices beyond the daily limit of mails"),
        required=False,
    )
    language = forms.ChoiceField(label=_("Language"), error_messages=_PICK_ONE)
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        error_messages={**_PICK_ONE, "invalid_choice": _("Choose a time zone from the list.")},
    )
    hour = forms.ChoiceField(label=_("Sent at"), choices=_HOURS, error_messages=_PICK_ONE)

    def __init__(self, recipient: Recipient, habits: MailHabits | None, data: Any = None) -> None:
        super().__init__(data, initial=_known(recipient, habits))
        self._recipient = recipient
        self.gone = _gone(habits)
        self.has_languages = len(settings.LANGUAGES) > 1
        self.fields["language"] = _choice(self.fields["language"], list(settings.LANGUAGES))
        self.fields["time_zone"] = _choice(self.fields["time_zone"], _zones(habits))
        if habits is None or self.gone:  # static/js/zone.js preselects the zone of the browser
            self.fields["time_zone"].widget.attrs["data-guess"] = ""
        for kind in self._kinds():
            self.fields[str(kind)] = _wish_field(kind, must=recipient.must_get(kind))

    def _kinds(self) -> list[NoticeKind]:
        return [kind for kind in CHOICES if self._recipient.may_receive(kind)]

    @property
    def preferences(self) -> list[PreferenceField]:
        return [PreferenceField(self[str(k)], self._recipient.must_get(k)) for k in self._kinds()]

    @property
    def chosen(self) -> ChosenPreferences:
        """Return the submitted preferences, after ``is_valid``."""
        found = self.cleaned_data
        return ChosenPreferences(
            preferences={kind: When(found[str(kind)]) for kind in self._kinds()},
            quiet_too=found["quiet_too"],
            language=found["language"],
            time_zone=current_name(found["time_zone"]),
            hour=int(found["hour"]),
        )


def _known(recipient: Recipient, habits: MailHabits | None) -> dict[str, object]:
    preferences = {str(kind): str(recipient.wants(kind)) for kind in CHOICES}
    return {
        **preferences,
        "quiet_too": recipient.quiet_too,
        "language": recipient.language,
        "time_zone": recipient.time_zone,
        "hour": str(habits.digest_hour if habits else USUAL_HOUR),
    }


def _gone(habits: MailHabits | None) -> str:
    """Return the chosen time zone if it no longer exists, else ""."""
    return habits.time_zone if habits is not None and not is_zone(habits.time_zone) else ""


def _zones(habits: MailHabits | None) -> list[Any]:
    """Return the time zones to choose from, including the current one if it is not listed."""
    offered: list[Any] = list(zones_by_region())
    names = {name for _region, places in offered for name, _words in places}
    mine = current_name(habits.time_zone) if habits else UTC_NAME
    return offered if mine in names or not is_zone(mine) else [(mine, mine), *offered]


def _choice(field: forms.Field, choices: list[Any]) -> forms.ChoiceField:
    assert isinstance(field, forms.ChoiceField)  # noqa: S101  as declared above
    field.choices = choices
    return field


def _wish_field(kind: NoticeKind, *, must: bool) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=kind.label,
        choices=[(w.value, w.label) for w in When if not (must and w is When.OFF)],
        widget=forms.RadioSelect,
        error_messages=_PICK_ONE,
    )
