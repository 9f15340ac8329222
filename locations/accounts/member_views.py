"""The pages of the members and invitations of an account."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from core.web.decorators import form_page, page, post_only
from locations.access import find_account, find_owned, find_owned_account
from locations.accounts import actions, invitations
from locations.accounts.forms import InviteForm, RoleForm
from locations.accounts.rules import why_not_leave
from locations.current_user import choose_account, principal_of, require_reauthentication
from locations.models import Account, Invitation, Member, Role
from locations.plans.action_limits import TooOften
from locations.plans.limits import OverLimit
from locations.principals import Principal


@page
def members_page(request: HttpRequest) -> HttpResponse:
    principal = principal_of(request)
    if principal.account is None:
        return redirect("account_new")
    return _page(request, find_account(principal, principal.account), InviteForm())


def _page(
    request: HttpRequest,
    account: Account,
    form: InviteForm,
    refused: tuple[Member, str] | None = None,
) -> HttpResponse:
    """Render the members of ``account``. ``refused``: a member, and why their role cannot
    change."""
    principal = principal_of(request)
    owns = principal.owns(account.pk) and account.pk not in principal.closing
    members = actions.members_of(account.pk)
    context = {
        "account": account,
        "owns": owns,
        "members": [
            {
                "member": member,
                "is_self": member.user == request.user,
                "role": Role(member.role).label,
                "error": refused[1] if refused and refused[0].pk == member.pk else "",
            }
            for member in members
        ],
        "roles": Role.choices,
        "form": form,
        "invitations": invitations.open_invitations(account.pk) if owns else [],
        "leaving": why_not_leave(
            principal.roles[account.pk], sum(member.role == Role.OWNER for member in members)
        ),
    }
    return render(
        request,
        "locations/accounts/members.html",
        context,
        status=422 if form.errors or refused else 200,
    )


@post_only
def invite(request: HttpRequest, account_id: UUID) -> HttpResponse:
    principal, account = _owned(request, account_id)
    form = InviteForm(request.POST)
    if form.is_valid():
        email, role = form.cleaned_data["email"], Role(form.cleaned_data["role"])
        try:
            invitation = invitations.invite(principal, account, email, role)
        except (invitations.NotInvited, TooOften, OverLimit) as error:
            form.add_error("email", str(error))
        else:
            _report_sent(request, invitation)
            return redirect("members")
    return _page(request, account, form)


@post_only
def invitation_resend(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    principal = principal_of(request)
    invitation: Invitation = find_owned(Invitation.objects.all(), principal, invitation_id)
    try:
        invitations.resend(principal, invitation)
    except invitations.Unusable:
        messages.error(request, _("%s has already accepted the invitation.") % invitation.email)
    except (TooOften, OverLimit) as error:
        messages.error(request, str(error))
    else:
        _report_sent(request, invitation)
    return redirect("members")


@post_only
def invitation_revoke(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    principal = principal_of(request)
    invitation: Invitation = find_owned(Invitation.objects.all(), principal, invitation_id)
    try:
        invitations.revoke(principal, invitation)
        messages.success(request, _("The invitation for %s was revoked.") % invitation.email)
    except invitations.Unusable:
        messages.error(request, _("%s has already accepted the invitation.") % invitation.email)
    return redirect("members")


def _report_sent(request: HttpRequest, invitation: Invitation) -> None:
    messages.success(request, _("An invitation was sent to %s.") % invitation.email)


@post_only
def member_role(request: HttpRequest, account_id: UUID, user_id: UUID) -> HttpResponse:
    principal, account = _owned(request, account_id)
    member = _member(account, user_id)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _page(request, account, InviteForm(), (member, str(form.errors["role"][0])))
    role = Role(form.cleaned_data["role"])
    try:
        changed = actions.change_role(principal, member, role)
    except actions.MembershipRefused as error:
        return _page(request, account, InviteForm(), (member, str(error)))
    if changed:
        messages.success(
            request,
            _("The role of %(who)s is now %(role)s.")
            % {"who": member.user.email, "role": role.label},
        )
    return redirect("members")


@form_page
def member_remove(request: HttpRequest, account_id: UUID, user_id: UUID) -> HttpResponse:
    principal, account = _owned(request, account_id)
    member = _member(account, user_id)
    error = ""
    if request.method == "POST":
        try:
            actions.remove(principal, member)
        except actions.MembershipRefused as refusal:
            error = str(refusal)
        else:
            messages.success(request, _("%s is no longer a member.") % member.user.email)
            return redirect("members")
    context = {"account": account, "member": member, "error": error}
    return render(request, "locations/accounts/remove.html", context, status=422 if error else 200)


@form_page
def member_hand_over(request: HttpRequest, account_id: UUID, user_id: UUID) -> HttpResponse:
    """Transfer ownership to another member; the old owner stays a member. Owners confirm first
    that it is them, as before other changes that matter."""
    principal, account = _owned(request, account_id)
    member = _member(account, user_id)
    if member.user == request.user:
        raise Http404("An owner cannot transfer ownership to themselves.")
    error = ""
    if request.method == "POST":
        require_reauthentication(request)
        try:
            actions.hand_over(principal, member)
        except actions.MembershipRefused as refusal:
            error = str(refusal)
        else:
            messages.success(
                request,
                _("%(who)s now owns %(account)s. You are a member.")
                % {"who": member.user.email, "account": account.name},
            )
            return redirect("members")
    context = {"account": account, "member": member, "error": error}
    return render(
        request, "locations/accounts/hand_over.html", context, status=422 if error else 200
    )


def _owned(request: HttpRequest, account_id: UUID) -> tuple[Principal, Account]:
    """Return the caller and the account, and make it the current one. Raises Http404 or
    PermissionDenied unless the caller owns it."""
    principal = principal_of(request)
    account = find_owned_account(principal, account_id)
    choose_account(request, account.pk)
    return principal_of(request), account


def _member(account: Account, user_id: UUID) -> Member:
    member = actions.member_of(account, user_id)
    if member is None:
        raise Http404("This user is not a member.")
    return member
