"""The pages of support bundles: request one, follow its progress, download it. They need write
access, because a bundle contains more than a viewer may see."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from core.web.decorators import form_page, page
from core.web.streaming import TooManyDownloads, download
from locations.access import READ_ONLY, find_writable
from locations.current_user import choose_account, principal_of
from locations.plans.action_limits import TooOften
from locations.principals import Principal
from sessions_app.models import Session, SupportBundle
from sessions_app.support import actions


@form_page
def support_page(request: HttpRequest) -> HttpResponse:
    """List the account's bundles; a POST requests one about all of its numbers."""
    principal = principal_of(request)
    account = principal.account
    if request.method == "POST":
        if account is None or not principal.may_add:
            raise PermissionDenied(READ_ONLY)
        return _ask(request, principal, account, None)
    rows = actions.latest(account) if principal.may_add else []
    context = {"rows": rows, "may_write": principal.may_add}
    return render(request, "sessions_app/support/list.html", context)


@form_page
def session_bundle(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Describe the content of a bundle about this number; a POST requests it."""
    principal = principal_of(request)
    rows = Session.objects.select_related("location")
    session: Session = find_writable(rows, principal, session_id)
    choose_account(request, session.account_id)
    if request.method == "POST":
        return _ask(request, principal, session.account_id, session)
    return render(request, "sessions_app/support/new.html", {"session": session})


def _ask(
    request: HttpRequest, principal: Principal, account_id: UUID, session: Session | None
) -> HttpResponse:
    try:
        bundle = actions.ask(principal, account_id, session)
    except actions.OneAtATime as busy:
        messages.warning(request, str(busy))
        return redirect("bundle", busy.bundle.pk) if busy.bundle else redirect("support")
    except TooOften as error:
        messages.error(request, str(error))
        return redirect("session_bundle", session.pk) if session else redirect("support")
    return redirect("bundle", bundle.pk)


def _found(request: HttpRequest, bundle_id: UUID) -> SupportBundle:
    rows = SupportBundle.objects.select_related("session__location")
    bundle: SupportBundle = find_writable(rows, principal_of(request), bundle_id)
    return bundle


@page
def bundle_page(request: HttpRequest, bundle_id: UUID) -> HttpResponse:
    bundle = _found(request, bundle_id)
    if bundle.account_id is not None:
        choose_account(request, bundle.account_id)
    return render(request, "sessions_app/support/bundle.html", {"bundle": bundle})


@page
def bundle_live(request: HttpRequest, bundle_id: UUID) -> HttpResponse:
    """Return the part that changes, or 204 while it is in the ``state`` that the page shows."""
    bundle = _found(request, bundle_id)
    if request.GET.get("state") == bundle.state:
        return HttpResponse(status=204)
    return render(request, "sessions_app/support/_state.html", {"bundle": bundle})


@never_cache
@require_GET  # no HEAD: each request is recorded as a download in the audit log
def bundle_file(request: HttpRequest, bundle_id: UUID) -> HttpResponseBase:
    bundle = _found(request, bundle_id)
    try:
        response = download(request, actions.file_of(bundle), "application/zip", bundle.file_name)
    except (actions.NotThere, TooManyDownloads) as error:
        messages.error(request, str(error))
        return redirect("bundle", bundle.pk)
    actions.record_download(principal_of(request), bundle)
    return response
