"""The way out of viewing an account as its owner."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from locations import viewing
from locations.current import address_of, forget


@login_required
@require_POST
def viewing_stop(request: HttpRequest) -> HttpResponse:
    """Back to the operators' page of the account; to the overview if nobody was viewed."""
    account = viewing.end(request, address_of(request))
    forget(request)
    if account is None:
        return redirect("dashboard")
    return redirect("admin:locations_account_change", account)
