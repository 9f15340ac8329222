"""The page of one delivery, and sending it again."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from locations.access import find, find_writable
from locations.current_user import look_at, principal_of
from notifications import webhooks
from notifications.models import Delivery
from notifications.reading import is_under_way, shown_headers


@login_required
@never_cache
@require_safe
def delivery_page(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    principal = principal_of(request)
    delivery: Delivery = find(Delivery.objects.select_related("webhook"), principal, delivery_id)
    look_at(request, delivery.account_id)
    context = {
        "delivery": delivery,
        "name": webhooks.name_of(delivery.webhook),
        "headers": shown_headers(delivery),
        "under_way": is_under_way(delivery),
        "may_write": principal.may_write(delivery.account_id),
    }
    return render(request, "notifications/delivery.html", context)


@login_required
@require_POST
def delivery_replay(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    principal = principal_of(request)
    rows = Delivery.objects.select_related("webhook")
    delivery: Delivery = find_writable(rows, principal, delivery_id)
    try:
        webhooks.replay(principal, delivery)
        messages.success(request, _("It is sent again."))
    except webhooks.SwitchedOff as error:
        messages.error(request, str(error))
    return redirect("webhook_delivery", delivery.pk)
