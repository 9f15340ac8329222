"""``GET /healthz``: whether this process serves. For load balancers and start scripts."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse

from core.web.decorators import page


@login_not_required
@page
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as soon as the site answers; it asks neither the database nor the gateway."""
    return JsonResponse({"status": "ok"})
