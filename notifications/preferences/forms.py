"""What a member chooses about his mails, checked; errors are sentences beside the field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from core.text.timezones import UTC_NAME, is_zone, zones_by_region
from notifications.kinds import NoticeKind, When
from notifications.models import MailHabits
from notifications.models.preference import USUAL_HOUR
from notifications.preferences.actions import CHOICES, Chosen
from notifications.preferences.recipients import Reader

_PICK_ONE = {"required": _("Choose one."), "invalid_choice": _("Choose one of these.")}
_HOURS = [(str(hour), f"{hour:02}:00") for hour in range(24)]


@dataclass(frozen=True)
class WishField:
    """A row of the page: ``must`` says that it cannot be off."""

    field: BoundField
    must: bool


class PreferencesForm(forms.Form):
    """For each kind when, and how the summary comes; begins with what ``reader`` has."""

    quiet_too = forms.BooleanField(
        label=_("Include what was not mailed because there was too much on one day"),
        required=False,
    )
    language = forms.ChoiceField(label=_("Language"), error_messages=_PICK_ONE)
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        error_messages={**_PICK_ONE, "invalid_choice": _("Choose a time zone from the list.")},
    )
    hour = forms.ChoiceField(label=_("Sent at"), choices=_HOURS, error_messages=_PICK_ONE)

    def __init__(self, reader: Reader, habits: MailHabits | None, data: Any = None) -> None:
        super().__init__(data, initial=_known(reader, habits))
        self._reader = reader
        self.gone = _gone(habits)
        self.has_languages = len(settings.LANGUAGES) > 1
        self.fields["language"] = _choice(self.fields["language"], list(settings.LANGUAGES))
        self.fields["time_zone"] = _choice(self.fields["time_zone"], _zones(habits))
        if habits is None:  # static/js/zone.js takes the browser's
            self.fields["time_zone"].widget.attrs["data-guess"] = ""
        for kind in self._kinds():
            self.fields[str(kind)] = _wish_field(kind, must=reader.must_get(kind))

    def _kinds(self) -> list[NoticeKind]:
        return [kind for kind in CHOICES if self._reader.hears(kind)]

    @property
    def wishes(self) -> list[WishField]:
        return [WishField(self[str(k)], self._reader.must_get(k)) for k in self._kinds()]

    @property
    def chosen(self) -> Chosen:
        """What was chosen; only after ``is_valid``."""
        found = self.cleaned_data
        return Chosen(
            wishes={kind: When(found[str(kind)]) for kind in self._kinds()},
            quiet_too=found["quiet_too"],
            language=found["language"],
            time_zone=found["time_zone"],
            hour=int(found["hour"]),
        )


def _known(reader: Reader, habits: MailHabits | None) -> dict[str, object]:
    wishes = {str(kind): str(reader.wants(kind)) for kind in CHOICES}
    return {
        **wishes,
        "quiet_too": reader.quiet_too,
        "language": reader.language,
        "time_zone": reader.time_zone,
        "hour": str(habits.digest_hour if habits else USUAL_HOUR),
    }


def _gone(habits: MailHabits | None) -> str:
    """The name of the zone that was chosen and is no more; else ""."""
    return habits.time_zone if habits is not None and not is_zone(habits.time_zone) else ""


def _zones(habits: MailHabits | None) -> list[Any]:
    """Those to choose from, with what was chosen if it is none of those but still one."""
    offered: list[Any] = list(zones_by_region())
    names = {name for _region, places in offered for name, _words in places}
    mine = habits.time_zone if habits else UTC_NAME
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
