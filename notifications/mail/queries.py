"""The log of mails: recipient, subject, time and state, without the text.

Owners see all mails of the account; other members see the mails to themselves.
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
    "removed": _("Removed from an account"),
    "role_changed": _("Role changed"),
    "account_deleted": _("An account was deleted"),
    "alarm": _("Alarm to operators"),
}
KINDS: Mapping[str, str | Promise] = {**dict(NoticeKind.choices), **_OTHERS}
"""Every kind of mail with its label."""


class MailFilter(forms.Form):
    """The filters of the log. An invalid filter is ignored."""

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
    def chosen(self) -> dict[str, str]:
        """Return the filters that are set, by name."""
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value}


class MailLog(TypedDict):
    """A filtered page of the log. ``all_members``: it lists the mails of all members."""

    page: Page[Mail]
    form: MailFilter
    query: Mapping[str, str]
    filtered: bool
    all_members: bool


def mail_log(principal: Principal, parameters: Mapping[str, Any]) -> MailLog:
    """Return the mails that ``principal`` may see, newest first, filtered by query parameters."""
    form = MailFilter(parameters)
    chosen = form.chosen
    all_members = principal.owns(principal.account)
    rows = cast(MailQuerySet, visible(Mail.objects.without_texts(), principal))
    if not all_members:
        rows = rows.filter(user=principal.user)
    rows = rows.in_state(chosen.get("state", "")).of_kind(chosen.get("kind", ""))
    found = Paginator(rows.to_address(chosen.get("q", "")), ROWS_A_PAGE)
    return {
        "page": found.get_page(parameters.get("page")),
        "form": form,
        "query": {"filters": f"{urlencode(chosen)}&" if chosen else ""},
        "filtered": bool(chosen),
        "all_members": all_members,
    }
