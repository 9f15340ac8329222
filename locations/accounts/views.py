"""The pages of accounts: switch, create, rename, leave, export, delete."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from core.web.decorators import form_page, page, post_only
from locations import impersonation
from locations.access import find_account, find_owned_account
from locations.accounts import actions, deletion
from locations.accounts.forms import AccountNameForm, DeleteForm
from locations.accounts.invitations import way_back
from locations.accounts.provisioning import create_account
from locations.current_user import ACCOUNT_KEY, choose_account, forget, ip_address_of, principal_of
from locations.exports.actions import latest
from locations.exports.views import ask_for_export
from locations.models import Account, ExportKind, User
from locations.plans.action_limits import TooOften
from locations.plans.trials import TrialsUsedUp
from locations.signals import losses

_CLOSED_KEY = "closed"  # in the session: id and name of the account that this user has deleted


@post_only
def account_switch(request: HttpRequest, account_id: UUID) -> HttpResponse:
    choose_account(request, find_account(principal_of(request), account_id).pk)
    return redirect("dashboard")


@form_page
def account_new(request: HttpRequest) -> HttpResponse:
    principal = principal_of(request)
    form = AccountNameForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        user = request.user
        assert isinstance(user, User)  # noqa: S101  # the page requires a sign-in
        try:
            account = create_account(user, form.cleaned_data["name"], principal.address)
        except (TooOften, TrialsUsedUp) as error:
            form.add_error(None, str(error))
        else:
            forget(request)
            choose_account(request, account.pk)
            messages.success(request, _("%s is ready.") % account.name)
            return redirect("dashboard")
    context = {"form": form, "homeless": principal.account is None, "waiting": way_back(request)}
    return render(
        request, "locations/accounts/new.html", context, status=422 if form.errors else 200
    )


@page
def account_page(request: HttpRequest) -> HttpResponse:
    principal = principal_of(request)
    if principal.account is None:
        return redirect("account_new")
    account = find_account(principal, principal.account)
    if account.deleting_at is not None:
        return redirect("account_deleting", account.pk)
    return _page(request, account, AccountNameForm(initial={"name": account.name}))


def _page(request: HttpRequest, account: Account, form: AccountNameForm) -> HttpResponse:
    owns = principal_of(request).owns(account.pk)
    exports = latest(account.pk) if owns else []
    context = {"account": account, "owns": owns, "form": form, "exports": exports}
    return render(
        request, "locations/accounts/account.html", context, status=422 if form.errors else 200
    )


@post_only
def account_rename(request: HttpRequest, account_id: UUID) -> HttpResponse:
    principal = principal_of(request)
    account = find_owned_account(principal, account_id)
    choose_account(request, account.pk)
    form = AccountNameForm(request.POST)
    if not form.is_valid():
        return _page(request, account, form)
    if actions.rename(principal, account, form.cleaned_data["name"]):
        messages.success(request, _("The account is now called %s.") % account.name)
    return redirect("account_page")


@form_page
def account_leave(request: HttpRequest, account_id: UUID) -> HttpResponse:
    principal = principal_of(request)
    account = find_account(principal, account_id)
    user = request.user
    assert isinstance(user, User)  # noqa: S101  # the page requires a sign-in
    member = actions.member_of(account, user.pk)
    if member is None:
        raise Http404("This user has already left.")
    error = ""
    if request.method == "POST":
        try:
            actions.leave(principal, member)
        except actions.MembershipRefused as refusal:
            error = str(refusal)
        else:
            request.session.pop(ACCOUNT_KEY, None)
            messages.success(request, _("You have left %s.") % account.name)
            return redirect("dashboard")
    context = {"account": account, "error": error}
    return render(request, "locations/accounts/leave.html", context, status=422 if error else 200)


@post_only
def account_export(request: HttpRequest, account_id: UUID) -> HttpResponse:
    account = find_owned_account(principal_of(request), account_id)
    choose_account(request, account.pk)
    return ask_for_export(request, account.pk, ExportKind.ACCOUNT)


@form_page
def account_delete(request: HttpRequest, account_id: UUID) -> HttpResponse:
    principal = principal_of(request)
    account = find_owned_account(principal, account_id)
    form = DeleteForm(account, request.POST if request.method == "POST" else None)
    if form.is_valid():
        deletion.begin(principal, account)
        request.session[_CLOSED_KEY] = [str(account.pk), account.name]
        return redirect("account_deleting", account.pk)
    context = {
        "account": account,
        "form": form,
        "losses": losses(account.pk),
        "members": len(actions.members_of(account.pk)),
    }
    return render(
        request, "locations/accounts/delete.html", context, status=422 if form.errors else 200
    )


@page
def account_deleting(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Show the progress of the deletion, and to the user who started it also its end."""
    closed = request.session.get(_CLOSED_KEY)
    principal = principal_of(request)
    if account_id not in principal.roles and closed and closed[0] == str(account_id):
        return render(request, "locations/accounts/deleted.html", {"name": closed[1]})
    account = find_account(principal, account_id)
    if account.deleting_at is None:
        raise Http404("This account is not being deleted.")
    context = {"account": account, "progress": deletion.progress(account)}
    return render(request, "locations/accounts/deleting.html", context)


@post_only
def viewing_stop(request: HttpRequest) -> HttpResponse:
    """Return to the admin page of the account, or to the overview if no account was viewed."""
    account = impersonation.end(request, ip_address_of(request))
    forget(request)
    if account is None:
        return redirect("dashboard")
    return redirect("admin:locations_account_change", account)
