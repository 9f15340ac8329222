"""The page that the invitation mail links to."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from core.web.decorators import form_page, post_only
from locations.accounts import invitations
from locations.accounts.invitations import PENDING_KEY, Unusable, is_for, usable
from locations.accounts.rules import masked_email
from locations.current_user import choose_account, forget, principal_of
from locations.models import Invitation, Role, User
from locations.plans.limits import OverLimit


@login_not_required
@form_page
def invitation_page(request: HttpRequest, token: str) -> HttpResponse:
    """Let the invited user join with one button. Other visitors see how to sign in as that user,
    but not the full address that was invited."""
    invitation = usable(token)
    if invitation is None:
        return _gone(request)
    if not isinstance(request.user, User):
        request.session[PENDING_KEY] = token  # read by the sign-up form: locations/auth/forms.py
        return _other_user(request, invitation, token)
    if not is_for(invitation, request.user):
        return _other_user(request, invitation, token)
    if request.method == "POST":
        return _join(request, token)
    return _ask(request, invitation, "")


@login_not_required
@post_only
def invitation_sign_out(request: HttpRequest, token: str) -> HttpResponse:
    """Sign out and return, for users signed in with another address."""
    if usable(token) is None:
        return _gone(request)
    logout(request)
    request.session[PENDING_KEY] = token
    return redirect("invitation", token)


def _join(request: HttpRequest, token: str) -> HttpResponse:
    try:
        account = invitations.accept(principal_of(request), token)
    except Unusable:
        return _gone(request)
    except OverLimit as error:
        invitation = usable(token)
        return _gone(request) if invitation is None else _ask(request, invitation, str(error))
    request.session.pop(PENDING_KEY, None)
    forget(request)
    choose_account(request, account.pk)
    messages.success(request, _("Welcome to %s.") % account.name)
    return redirect("dashboard")


def _ask(request: HttpRequest, invitation: Invitation, error: str) -> HttpResponse:
    context = {
        "invitation": invitation,
        "account": invitation.account,
        "role": Role(invitation.role),
        "error": error,
    }
    return render(
        request, "locations/accounts/invitation.html", context, status=422 if error else 200
    )


def _other_user(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    context = {"address": masked_email(invitation.email), "token": token}
    return render(request, "locations/accounts/invitation_elsewhere.html", context)


def _gone(request: HttpRequest) -> HttpResponse:
    """Show one page for used, expired, revoked and unknown invitations."""
    request.session.pop(PENDING_KEY, None)
    return render(request, "locations/accounts/invitation_gone.html", status=404)
