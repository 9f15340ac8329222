"""The pages of webhooks and their deliveries."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from core.security import show_once
from core.web.decorators import form_page, page, post_only
from locations.access import find, find_writable
from locations.actions import account_to_add_to
from locations.current_user import choose_account, principal_of
from locations.plans.action_limits import TooOften
from notifications.models import Delivery, Webhook, WebhookFormat
from notifications.webhooks import actions
from notifications.webhooks.forms import WebhookForm
from notifications.webhooks.queries import is_under_way, log, shown_headers, webhook_list


@page
def webhooks_page(request: HttpRequest) -> HttpResponse:
    return render(
        request, "notifications/webhooks/list.html", {**webhook_list(principal_of(request))}
    )


@form_page
def webhook_new(request: HttpRequest) -> HttpResponse:
    principal = principal_of(request)
    account = account_to_add_to(principal)
    slack = request.GET.get("format") == WebhookFormat.SLACK
    kind = WebhookFormat.SLACK if slack else WebhookFormat.PAIRLINE
    typed = request.POST if request.method == "POST" else None
    form = WebhookForm(principal, account.pk, typed, form=kind)
    if request.method == "POST" and form.is_valid():
        try:
            webhook = actions.create(principal, account.pk, form=kind, **form.cleaned_data)
            return _with_secret(request, webhook, webhook.secret)
        except actions.TooManyWebhooks as error:
            form.add_error(None, str(error))
    status = 422 if form.errors else 200
    context = {"form": form, "slack": slack}
    return render(request, "notifications/webhooks/new.html", context, status=status)


@page
def webhook_page(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    principal = principal_of(request)
    webhook: Webhook = find(Webhook.objects.select_related("location"), principal, webhook_id)
    choose_account(request, webhook.account_id)
    context = {
        "webhook": webhook,
        "name": actions.name_of(webhook),
        "may_write": principal.may_write(webhook.account_id),
        "secret": show_once.take(request, webhook.pk),
        **log(webhook, request.GET),
    }
    return render(request, "notifications/webhooks/webhook.html", context)


@form_page
def webhook_change(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    webhook, principal = _writable(request, webhook_id), principal_of(request)
    form = WebhookForm.of(webhook, principal)
    if request.method == "POST":
        form = WebhookForm(principal, webhook.account_id, request.POST, form=webhook.format)
        if form.is_valid():
            actions.change(principal, webhook, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("webhook", webhook.pk)
    context = {"form": form, "webhook": webhook, "name": actions.name_of(webhook)}
    status = 422 if form.errors else 200
    return render(request, "notifications/webhooks/change.html", context, status=status)


@form_page
def webhook_rotate(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Confirm, then replace the secret, which the receiving server needs."""
    webhook = _writable(request, webhook_id)
    if webhook.is_slack:
        messages.error(request, str(actions.NotSigned()))
        return redirect("webhook", webhook.pk)
    if request.method == "POST":
        secret = actions.rotate(principal_of(request), webhook)
        return _with_secret(request, webhook, secret)
    return _confirm(request, webhook, "notifications/webhooks/rotate.html")


@post_only
def webhook_switch(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Switch it on with ``on=1``, otherwise off."""
    webhook = _writable(request, webhook_id)
    on = request.POST.get("on") == "1"
    actions.switch(principal_of(request), webhook, on=on)
    messages.success(request, _("Switched on.") if on else _("Switched off."))
    return redirect("webhook", webhook.pk)


@form_page
def webhook_delete(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    webhook = _writable(request, webhook_id)
    if request.method == "POST":
        name = actions.name_of(webhook)
        actions.remove(principal_of(request), webhook)
        messages.success(request, _("The webhook to %s is deleted.") % name)
        return redirect("webhooks")
    return _confirm(request, webhook, "notifications/webhooks/delete.html")


@post_only
def webhook_test(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    webhook = _writable(request, webhook_id)
    try:
        delivery = actions.send_test(principal_of(request), webhook)
    except (actions.WebhookDisabled, TooOften) as error:
        messages.error(request, str(error))
        return redirect("webhook", webhook.pk)
    return redirect("webhook_delivery", delivery.pk)


@post_only
def webhook_replay(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Send all failed deliveries again."""
    webhook = _writable(request, webhook_id)
    try:
        count = actions.replay_failed(principal_of(request), webhook)
        messages.success(request, _("%d deliveries queued.") % count)
    except (actions.WebhookDisabled, TooOften) as error:
        messages.error(request, str(error))
    return redirect("webhook", webhook.pk)


def _writable(request: HttpRequest, webhook_id: UUID) -> Webhook:
    webhook: Webhook = find_writable(
        Webhook.objects.select_related("location"), principal_of(request), webhook_id
    )
    return webhook


def _confirm(request: HttpRequest, webhook: Webhook, template: str) -> HttpResponse:
    context = {"webhook": webhook, "name": actions.name_of(webhook)}
    return render(request, template, context)


def _with_secret(request: HttpRequest, webhook: Webhook, secret: str) -> HttpResponse:
    """Redirect to the page of the webhook, which displays ``secret`` once, if there is one."""
    if secret:
        show_once.keep(request, webhook.pk, secret)
    return redirect("webhook", webhook.pk)


@page
def delivery_page(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    principal = principal_of(request)
    delivery: Delivery = find(Delivery.objects.select_related("webhook"), principal, delivery_id)
    choose_account(request, delivery.account_id)
    context = {
        "delivery": delivery,
        "name": actions.name_of(delivery.webhook),
        "headers": shown_headers(delivery),
        "under_way": is_under_way(delivery),
        "may_write": principal.may_write(delivery.account_id),
    }
    return render(request, "notifications/webhooks/delivery.html", context)


@post_only
def delivery_replay(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    principal = principal_of(request)
    rows = Delivery.objects.select_related("webhook")
    delivery: Delivery = find_writable(rows, principal, delivery_id)
    try:
        actions.replay(principal, delivery)
        messages.success(request, _("Delivery queued."))
    except (actions.WebhookDisabled, TooOften) as error:
        messages.error(request, str(error))
    return redirect("webhook_delivery", delivery.pk)
