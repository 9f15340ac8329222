"""The serializers of the messages API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from conversations.models import MAX_TEXT_CHARACTERS, Direction, Message, MessageStatus
from conversations.rules import BadText, MessageText, checked_text
from locations.rest.fields import MomentField, PhoneNumberField, TextField
from locations.rest.pagination import PageSerializer
from locations.rest.schema import page_example, request_example, response_example

_EXAMPLE = {
    "id": "5b8f0f5e-3f0e-4f0d-9e3b-9a3f6b1d7c33",
    "session": "0d4c9a52-6c8b-4bb7-8f7b-0a3f0c0e4d11",
    "direction": "out",
    "status": "delivered",
    "peer": "+351912345678",
    "peer_name": "",
    "text": "Your appointment is tomorrow at 10.",
    "media": "",
    "whatsapp_id": "3EB0C767D26A3D8E5F11",
    "error": None,
    "created_by": "API key Reminders",
    "created_at": "2026-05-04T12:00:00Z",
    "sent_at": "2026-05-04T12:00:01Z",
    "delivered_at": "2026-05-04T12:00:02Z",
    "read_at": None,
}


@request_example("A reminder", {"to": _EXAMPLE["peer"], "text": _EXAMPLE["text"]})
class NewMessageSerializer(serializers.Serializer[Any]):
    """A text to send."""

    to = PhoneNumberField(help_text="The recipient, with + and country code: `+351912345678`.")
    text = TextField(
        allow_blank=True,
        trim_whitespace=False,
        help_text=f"1 to {MAX_TEXT_CHARACTERS:,} characters, sent unchanged.",
    )

    def validate_text(self, text: str) -> MessageText:
        try:
            return checked_text(text)
        except BadText as error:
            raise serializers.ValidationError(str(error)) from None


class MessageFilterSerializer(serializers.Serializer[Any]):
    """The filters of the list."""

    direction = serializers.ChoiceField(
        choices=Direction.values,
        required=False,
        help_text="Only `out` (sent) or `in` (received).",
    )
    status = serializers.ChoiceField(
        choices=MessageStatus.values, required=False, help_text="Only messages with this status."
    )
    since = MomentField(
        required=False, help_text="Only messages whose `created_at` is this time or later."
    )


class MessageErrorSerializer(serializers.Serializer[Any]):
    """Why a text was not sent."""

    code = serializers.CharField(source="error_code")
    sentence = serializers.CharField(source="error")

    def to_representation(self, instance: Message) -> Any:
        failed = instance.error_code or instance.error
        return super().to_representation(instance) if failed else None


@response_example("A delivered text", _EXAMPLE)
class MessageSerializer(serializers.Serializer[Any]):
    """A message, sent or received."""

    id = serializers.UUIDField()
    session = serializers.UUIDField(source="session_id", help_text="The id of its session.")
    direction = serializers.ChoiceField(choices=Direction.choices)
    status = serializers.ChoiceField(
        choices=MessageStatus.choices,
        help_text="`unconfirmed`: it may have been sent. A receipt may still confirm it; it is "
        "never sent again automatically.",
    )
    peer = serializers.CharField(help_text="The number of the other side; empty if it is hidden.")
    peer_name = serializers.CharField(help_text="The display name of the other side.")
    text = serializers.CharField(help_text="The text, or the caption of an attachment.")
    media = serializers.CharField(help_text="`image`, `audio`, …; empty for a text.")
    whatsapp_id = serializers.CharField(help_text="The id at WhatsApp; empty until it is known.")
    error = MessageErrorSerializer(
        source="*", allow_null=True, help_text="Only while `status` is `failed`."
    )
    created_by = serializers.CharField(help_text="The user or API key that sent it.")
    created_at = serializers.DateTimeField(help_text="When we stored it.")
    sent_at = serializers.DateTimeField(allow_null=True, help_text="According to WhatsApp.")
    delivered_at = serializers.DateTimeField(allow_null=True)
    read_at = serializers.DateTimeField(allow_null=True)


@page_example("The last page", _EXAMPLE)
class MessagePageSerializer(PageSerializer):
    results = MessageSerializer(many=True)
