"""The filter form of the audit log page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from locations.audit import verb_choices


def _actions() -> list[tuple[str, str | Promise]]:
    return [("", _("All actions")), *verb_choices()]


class AuditFilterForm(forms.Form):
    """Which rows of the audit log to show. Every field is optional."""

    who = forms.ChoiceField(label=_("User"), required=False)
    what = forms.ChoiceField(label=_("Action"), required=False, choices=_actions)
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    q = forms.CharField(
        label=_("Target"),
        required=False,
        max_length=160,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )

    def __init__(self, actors: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("Everyone")), *((actor, actor) for actor in actors)]
        self.fields["who"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", _("This day is before the first one."))
        return cleaned
