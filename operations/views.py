"""The operators' page with everything that needs attention."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from core.health import operator_alerts
from core.web.decorators import page

PERMISSION = "sessions_app.view_session"


@page
def alerts_page(request: HttpRequest) -> HttpResponse:
    """Show all operator alerts. Raises PermissionDenied without the right to see all sessions."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": "What is wrong right now?",
        "alerts": operator_alerts.alerts(),
        "now": timezone.now(),
    }
    return TemplateResponse(request, "operations/alerts.html", context)
