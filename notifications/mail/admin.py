"""Operators see which mails arrive and which addresses take none: never what a mail says."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from core.web.admin_base import ReadOnlyAdmin
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
    show_full_result_count = False  # counting every mail of everybody takes too long
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
        """Who may use the actions."""
        return bool(request.user.has_perm("notifications.change_mail"))

    @admin.action(description="Send the selected mails again", permissions=["operate"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Mail]) -> None:
        """Those that failed within the last days; of the others there is nothing left to send."""
        chosen = list(queryset)
        queued = sum(send_again(mail) for mail in chosen)
        if queued:
            self.message_user(request, f"{queued} are sent again.", messages.SUCCESS)
        if rest := len(chosen) - queued:
            text = f"{rest} cannot be sent again: only what failed within seven days can."
            self.message_user(request, text, messages.WARNING)


@admin.register(StoppedAddress)
class StoppedAddressAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """To delete a row is to send to the address again."""

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
        self.message_user(request, f"{count} get mails again.", messages.SUCCESS)
