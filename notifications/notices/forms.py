"""The filters of the list of notices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from notifications.kinds import NoticeKind


class NoticeFilterForm(forms.Form):
    """A location and a kind, both optional."""

    q = forms.CharField(
        label=_("Location"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    kind = forms.ChoiceField(label=_("What happened"), required=False)

    def __init__(self, kinds: Iterable[NoticeKind], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("Everything")), *((kind.value, kind.label) for kind in kinds)]
        self.fields["kind"].choices = choices  # type: ignore[attr-defined]
