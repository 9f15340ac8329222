"""The page of mail preferences."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from core.web.decorators import form_page
from locations.access import find_account
from locations.accounts.actions import member_of
from locations.current_user import principal_of
from locations.models import Member, User
from locations.principals import Principal
from notifications.preferences import actions
from notifications.preferences.forms import PreferencesForm


@form_page
def mail_preferences(request: HttpRequest) -> HttpResponse:
    """Show and save the preferences of the user in the current account; viewers have them, too."""
    principal = principal_of(request)
    if principal.account is None:
        return redirect("account_new")
    member = _member(principal, principal.account)
    recipient, habits = actions.recipient_of(member), actions.habits_of(member.user)
    data = request.POST if request.method == "POST" else None
    form = PreferencesForm(recipient, habits, data)
    if data is not None and form.is_valid():
        actions.choose(principal, member, form.chosen)
        messages.success(request, _("Saved."))
        return redirect("mail_preferences")
    context = {"form": form, "account": member.account, "recipient": recipient}
    status = 422 if form.errors else 200
    return render(request, "notifications/preferences/preferences.html", context, status=status)


def _member(principal: Principal, account_id: UUID) -> Member:
    account = find_account(principal, account_id)
    assert isinstance(principal.user, User)  # noqa: S101  login_required
    member = member_of(account, principal.user.pk)
    if member is None:
        raise Http404("No longer a member.")
    member.account = account
    return member
