"""The admin page of messages. It shows no text, name or whole number."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from conversations.models import Message
from core.text.masking import masked


@admin.register(Message)
class MessageAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    list_display = (
        "created_at",
        "location",
        "direction",
        "status",
        "other_side",
        "whatsapp_id",
        "error_code",
    )
    list_display_links = None
    list_filter = ("direction", "status")
    list_select_related = ("session__location",)
    search_fields = ("=whatsapp_id", "session__location__name")
    search_help_text = "WhatsApp's id of the message, or location"
    show_full_result_count = False  # counting the messages of all accounts takes too long
    fields = (
        "session",
        "direction",
        "status",
        "other_side",
        "whatsapp_id",
        "error_code",
        "error",
        "created_by",
        "created_at",
        "sent_at",
        "delivered_at",
        "read_at",
    )

    @admin.display(description="location")
    def location(self, message: Message) -> str:
        return str(message.session.location)

    @admin.display(description="other side")
    def other_side(self, message: Message) -> str:
        return masked(message.peer)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        """Allow deletion only together with an account or session; Django then asks per object."""
        return obj is not None and super().has_delete_permission(request, obj)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: object = None
    ) -> HttpResponse:
        raise PermissionDenied("A single message cannot be deleted.")
