"""``GET /healthz`` for load balancers and start scripts."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse

from core.web.decorators import page


@login_not_required
@page
def healthz(request: HttpRequest) -> HttpResponse:
    """Return 200 as soon as the site serves requests, without a query to the database."""
    return JsonResponse({"status": "ok"})
