"""Admin pages for the log of mails and the suppression list. They show no text of a mail."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from core.text.units import plural
from core.web.admin_base import ReadOnlyAdmin
from locations.audit import record
from locations.audit_log.operators import operator_of
from notifications.audit_verbs import NotificationVerb
from notifications.mail.queue import send_again
from notifications.models import Mail, StoppedAddress


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at",
        "to",
        "kind",
        "account",
        "state",
        "attempts",
        "error",
    )
    list_display_links = None
    list_filter = ("state", "kind")
    list_select_related = ("account",)
    search_fields = ("to", "=id", "account__name")
    search_help_text = "Address, id or account"
    show_full_result_count = False  # counting all mails takes too long
    actions = ("send_again",)
    fields = (
        "id",
        "account",
        "kind",
        "to",
        "created_at",
        "state",
        "attempts",
        "queued_at",
        "next_attempt_at",
        "sent_at",
        "smtp_code",
        "error",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        mails: QuerySet[Mail] = super().get_queryset(request)
        return mails.defer("text", "html", "headers")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may run the actions."""
        return bool(request.user.has_perm("notifications.change_mail"))

    @admin.action(description="Send the selected mails again", permissions=["operate"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Mail]) -> None:
        """Queue the failed mails whose text is still stored."""
        chosen = list(queryset)
        queued = sum(self._queue(request, mail) for mail in chosen)
        if queued:
            self.message_user(request, f"{plural(queued, 'mail')} queued.", messages.SUCCESS)
        if rest := len(chosen) - queued:
            text = (
                f"{plural(rest, 'mail')} not queued: only mails that failed in the last seven "
                "days can be sent again."
            )
            self.message_user(request, text, messages.WARNING)

    def _queue(self, request: HttpRequest, mail: Mail) -> bool:
        with transaction.atomic():
            if not send_again(mail):
                return False
            if mail.account_id is not None:
                verb = NotificationVerb.MAIL_SENT_AGAIN
                record(operator_of(request), mail.account_id, verb, mail.to, mail.kind)
        return True


@admin.register(StoppedAddress)
class StoppedAddressAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """The suppression list. Deleting a row allows mails to the address again."""

    list_display = ("email", "why", "smtp_code", "since")
    search_fields = ("email",)
    actions = ("clear",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description="Send to the selected addresses again", permissions=["delete"])
    def clear(self, request: HttpRequest, queryset: QuerySet[StoppedAddress]) -> None:
        count, _ = queryset.delete()
        text = f"{plural(count, 'address', 'addresses')} removed from the suppression list."
        self.message_user(request, text, messages.SUCCESS)
