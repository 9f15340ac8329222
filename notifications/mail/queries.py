"""What people read of mails: who was mailed what, when, and whether it arrived. No text of any.

An owner sees the mails of the account, everybody else his own of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, cast
from urllib.parse import urlencode

from django import forms
from django.core.paginator import Page, Paginator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from locations.access import visible
from locations.principals import Principal
from notifications.kinds import NoticeKind
from notifications.models import Mail, MailState
from notifications.models.mail import MailQuerySet

ROWS_A_PAGE = 25
_OTHERS: Mapping[str, str | Promise] = {
    "digest": _("Daily summary"),
    "welcome": _("Welcome"),
    "invitation": _("Invitation"),
    "removed": _("Taken out of an account"),
    "role_changed": _("Another role"),
    "account_deleted": _("An account was deleted"),
    "alarm": _("Alarm to operators"),
}
KINDS: Mapping[str, str | Promise] = {**dict(NoticeKind.choices), **_OTHERS}
"""Every kind of mail, with its words."""


class MailFilter(forms.Form):
    """What of the log is asked for; what is not one of ours counts as everything."""

    q = forms.CharField(
        label=_("Address"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("Every state")), *MailState.choices],
    )
    kind = forms.ChoiceField(
        label=_("About"),
        required=False,
        choices=[("", _("Everything")), *KINDS.items()],
    )

    @property
    def asked(self) -> dict[str, str]:
        """The filters that are set, by name."""
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value}


class MailLog(TypedDict):
    """A page of the log, as it is asked for."""

    page: Page[Mail]
    form: MailFilter
    query: Mapping[str, str]
    filtered: bool
    everybodys: bool


def mail_log(principal: Principal, parameters: Mapping[str, Any]) -> MailLog:
    """The mails that ``principal`` may see, newest first, as ``parameters`` (of an address)
    ask."""
    form = MailFilter(parameters)
    asked = form.asked
    everybodys = principal.owns(principal.account)
    rows = cast(MailQuerySet, visible(Mail.objects.without_texts(), principal))
    if not everybodys:
        rows = rows.filter(user=principal.user)
    rows = rows.in_state(asked.get("state", "")).of_kind(asked.get("kind", ""))
    found = Paginator(rows.to_address(asked.get("q", "")), ROWS_A_PAGE)
    return {
        "page": found.get_page(parameters.get("page")),
        "form": form,
        "query": {"filters": f"{urlencode(asked)}&" if asked else ""},
        "filtered": bool(asked),
        "everybodys": everybodys,
    }
