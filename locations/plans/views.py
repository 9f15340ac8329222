"""The plan page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.web.decorators import page
from locations.access import find_account
from locations.current_user import principal_of
from locations.plans.queries import plan_view


@page
def plan_page(request: HttpRequest) -> HttpResponse:
    principal = principal_of(request)
    account = find_account(principal, principal.account)
    return render(request, "locations/plans/plan.html", {**plan_view(account)})
