"""The serializers of the webhooks API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from locations.rest.fields import FlagField, TextField
from locations.rest.pagination import PageSerializer
from locations.rest.schema import page_example, request_example, response_example
from notifications.models import Delivery, DeliveryState, WebhookEvent, WebhookFormat
from notifications.models.webhook import SUBSCRIBABLE
from notifications.webhooks.dns_guard import checked_url
from notifications.webhooks.url_rules import MAX_URL_CHARACTERS, BadAddress
from sessions_app.serializers import IdField

_EVENTS = [str(kind) for kind in SUBSCRIBABLE]
_WEBHOOK = {
    "id": "3a0f7f5e-9b0c-4d39-8f1e-7a6f4d9b1c55",
    "url": "https://example.com/webhooks",
    "format": "pairline",
    "events": ["session.status", "message.received"],
    "location": None,
    "enabled": True,
    "disabled_reason": "",
    "created_at": "2026-05-04T12:00:00Z",
}
_DELIVERY = {
    "id": "b1f1b6a6-54c8-4d6f-8d3c-0b0c1f6a2e77",
    "webhook": "3a0f7f5e-9b0c-4d39-8f1e-7a6f4d9b1c55",
    "event": "5f4b2f5d-1c1e-4b43-9a1c-7e0a0d1c9b21",
    "type": "message.received",
    "state": "waiting",
    "attempts": 2,
    "status_code": 503,
    "error": "It answered with 503 instead of 2xx.",
    "duration_ms": 84,
    "created_at": "2026-05-04T12:00:00Z",
    "attempted_at": "2026-05-04T12:00:11Z",
    "next_attempt_at": "2026-05-04T12:01:13Z",
}


class UrlField(TextField):
    """A URL to which webhooks may be sent. ``context``: ``account``, the id of the caller's."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=MAX_URL_CHARACTERS,
            help_text="Public, with https. It is checked again before each delivery.",
            **options,
        )

    def to_internal_value(self, data: Any) -> str:
        try:
            return checked_url(super().to_internal_value(data), self.context.get("account"))
        except BadAddress as error:
            raise serializers.ValidationError(str(error)) from None


_SLACK_EVENTS = [str(WebhookEvent.NOTICE)]


def _check_events(events: list[str], form: str) -> None:
    if form == WebhookFormat.SLACK and events != _SLACK_EVENTS:
        raise serializers.ValidationError({"events": ["A Slack webhook gets notice only."]})


class EventsField(serializers.ListField):
    """Event types, at least one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            child=serializers.ChoiceField(choices=_EVENTS),
            allow_empty=False,
            max_length=20,
            help_text="`session.qr` contains the QR code itself, a credential. With `format` "
            "`slack` only `notice`, which is the default there.",
            **options,
        )


@request_example("For status and messages", {name: _WEBHOOK[name] for name in ("url", "events")})
class NewWebhookSerializer(serializers.Serializer[Any]):
    """The URL, the event types and the location of a webhook."""

    url = UrlField()
    format = serializers.ChoiceField(
        choices=WebhookFormat.choices,
        default=str(WebhookFormat.PAIRLINE),
        help_text="`slack`: the format of Slack's incoming webhooks. It cannot be changed later.",
    )
    events = EventsField(required=False)
    location = IdField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Only events of this location; null for all locations.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        slack = attrs["format"] == WebhookFormat.SLACK
        if "events" not in attrs and not slack:
            raise serializers.ValidationError({"events": ["This field is required."]})
        attrs.setdefault("events", _SLACK_EVENTS)
        _check_events(attrs["events"], attrs["format"])
        return attrs


@request_example("Switch it on again", {"enabled": True})
class ChangeWebhookSerializer(serializers.Serializer[Any]):
    """The fields to change, at least one."""

    url = UrlField(required=False)
    events = EventsField(required=False)
    enabled = FlagField(required=False, help_text="Whether events are sent to it.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Send at least one of url, events and enabled.")
        _check_events(attrs.get("events", _SLACK_EVENTS), self.context.get("format", ""))
        return attrs


@response_example("A webhook", _WEBHOOK)
class WebhookSerializer(serializers.Serializer[Any]):
    """A webhook, without its secret."""

    id = serializers.UUIDField()
    url = serializers.CharField(
        source="shown_url",
        help_text="Only its beginning for a Slack webhook, because the URL itself is a credential.",
    )
    format = serializers.ChoiceField(choices=WebhookFormat.choices)
    events = serializers.ListField(child=serializers.ChoiceField(choices=_EVENTS))
    location = serializers.UUIDField(
        source="location_id", allow_null=True, help_text="Null for all locations."
    )
    enabled = serializers.BooleanField()
    disabled_reason = serializers.CharField(
        help_text="Why it is disabled, for users; empty while it is enabled."
    )
    created_at = serializers.DateTimeField()


@response_example("A new webhook", {**_WEBHOOK, "secret": "whsec_…"})
class WebhookWithSecretSerializer(WebhookSerializer):
    """A webhook with its secret, which is shown only once."""

    secret = serializers.CharField(
        help_text="Signs deliveries. Store it: it is not shown again. Empty for a Slack webhook."
    )


@page_example("The last page", _WEBHOOK)
class WebhookPageSerializer(PageSerializer):
    results = WebhookSerializer(many=True)


class DeliveryFilterSerializer(serializers.Serializer[Any]):
    """The filters of the list."""

    state = serializers.ChoiceField(
        choices=DeliveryState.choices, required=False, help_text="Only deliveries in this state."
    )
    type = serializers.ChoiceField(
        choices=WebhookEvent.choices,
        required=False,
        help_text="Only deliveries of this event type.",
    )


@response_example("It is tried again", _DELIVERY)
class DeliverySerializer(serializers.Serializer[Any]):
    """The delivery of an event to a webhook, and its result."""

    id = serializers.UUIDField(help_text="As in the header `Pairline-Delivery`.")
    webhook = serializers.UUIDField(source="webhook_id")
    event = serializers.UUIDField(
        source="event_id", help_text="The `id` in the body: the same at each try."
    )
    type = serializers.ChoiceField(source="kind", choices=WebhookEvent.choices)
    state = serializers.ChoiceField(
        choices=DeliveryState.choices,
        help_text="`skipped`: its subject no longer exists, such as a replaced QR code.",
    )
    attempts = serializers.IntegerField()
    status_code = serializers.IntegerField(
        allow_null=True, help_text="Of the last response; null if there was none."
    )
    error = serializers.CharField(help_text="The error of the last attempt, if any.")
    duration_ms = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField(help_text="When the event happened.")
    attempted_at = serializers.DateTimeField(allow_null=True)
    next_attempt_at = serializers.DateTimeField(allow_null=True, help_text="Null unless waiting.")

    def to_representation(self, instance: Delivery) -> dict[str, Any]:
        shown = super().to_representation(instance)
        if instance.state != DeliveryState.WAITING:
            shown["next_attempt_at"] = None
        return shown


@page_example("The last page", _DELIVERY)
class DeliveryPageSerializer(PageSerializer):
    results = DeliverySerializer(many=True)


@response_example("Three of them", {"replayed": 3})
class ReplayedSerializer(serializers.Serializer[Any]):
    """The number of deliveries that are sent again."""

    replayed = serializers.IntegerField()
