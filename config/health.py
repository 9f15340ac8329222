"""``GET /healthz``: whether this process serves. For load balancers and start scripts."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as soon as the site answers; it asks neither the database nor the gateway."""
    return JsonResponse({"status": "ok"})
