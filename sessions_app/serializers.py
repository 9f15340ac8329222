"""The serializers of the sessions API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from rest_framework import serializers

from locations.rest.fields import MomentField, PhoneNumberField
from locations.rest.pagination import PageSerializer
from locations.rest.schema import page_example, request_example, response_example
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.models import Session
from sessions_app.proxies.serializers import NewProxySerializer
from sessions_app.snapshot import snapshot
from sessions_app.wording import Action


def _words(words: type[Status] | type[Wanted] | type[Reason] | type[Action]) -> list[str]:
    return [str(word) for word in words]


class IdField(serializers.UUIDField):
    """A UUID as a string; numbers are refused."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        value: UUID = super().to_internal_value(data)
        return value


@request_example("For a location", {"location": "7f3f5a0e-5f0c-4c58-9c3e-2f6a4d9b1c22"})
class NewSessionSerializer(serializers.Serializer[Any]):
    """The location to link."""

    location = IdField(help_text="The id of one of your locations.")
    proxy = NewProxySerializer(
        required=False, help_text="The proxy to connect through, from the first code on."
    )


@request_example("A phone", {"phone": "+351912345678"})
class PairingSerializer(serializers.Serializer[Any]):
    """The phone on which the code will be entered."""

    phone = PhoneNumberField(help_text="Its number with + and country code: `+351912345678`.")


class SessionFilterSerializer(serializers.Serializer[Any]):
    """The filters of the list."""

    status = serializers.ChoiceField(
        choices=_words(Status), required=False, help_text="Only sessions with this status."
    )
    location = serializers.UUIDField(required=False, help_text="Only sessions of this location.")
    since = MomentField(
        required=False,
        help_text="Only sessions that changed at this time or later (see `since`).",
    )


class QrSerializer(serializers.Serializer[Any]):
    """A QR code that waits for a scan. It is a credential: do not store it."""

    text = serializers.CharField(help_text="The content of the QR code.")
    svg = serializers.CharField(help_text="The QR code as an image, `<svg …>`.")
    number = serializers.IntegerField(help_text="The number of this code, from 1.")
    of = serializers.IntegerField(help_text="The number of codes per attempt.")
    expires_at = serializers.DateTimeField(help_text="When the next code replaces it.")


_EXAMPLE = {
    "id": "0d4c9a52-6c8b-4bb7-8f7b-0a3f0c0e4d11",
    "location": "7f3f5a0e-5f0c-4c58-9c3e-2f6a4d9b1c22",
    "location_name": "Harbour Dental · Lisbon",
    "wanted": "linked",
    "status": "ready",
    "label": "Ready",
    "reason": "ok",
    "sentence": "✅ Connected",
    "advice": "Messages go out and come in.",
    "detail": "",
    "action": "none",
    "phone_number": "+351912345678",
    "linked": True,
    "qr": None,
    "pairing_code": "",
    "pairing_error": "",
    "version": 7,
    "since": "2026-05-04T12:00:00Z",
    "last_proof_at": "2026-05-04T12:03:20Z",
    "phone_seen_at": "2026-05-04T09:41:00Z",
    "next_retry_at": None,
}


@response_example("A linked number", _EXAMPLE)
class SnapshotSerializer(serializers.Serializer[Any]):
    """The state of a session, at one version.

    Serializes a ``Session`` with its location. ``context``: ``now`` (default: the current time)
    and ``with_code`` (default: that of the class), see ``snapshot``."""

    with_code: ClassVar[bool] = True
    id = serializers.UUIDField()
    location = serializers.UUIDField(help_text="The id of its location.")
    location_name = serializers.CharField()
    wanted = serializers.ChoiceField(choices=_words(Wanted), help_text="The state you requested.")
    status = serializers.ChoiceField(choices=_words(Status), help_text="The current state.")
    label = serializers.CharField(  # type: ignore[assignment]
        help_text="The status as a word for users."
    )
    reason = serializers.ChoiceField(choices=_words(Reason), help_text="The reason for the status.")
    sentence = serializers.CharField(help_text="The reason as a sentence for users.")
    advice = serializers.CharField(help_text="What to do or expect, for users.")
    detail = serializers.CharField(help_text="Details of the reason; often empty.")
    action = serializers.ChoiceField(choices=_words(Action), help_text="The next step.")
    phone_number = serializers.CharField(help_text="The linked number; empty until the scan.")
    linked = serializers.BooleanField(help_text="Whether we are a linked device of the number.")
    qr = QrSerializer(
        allow_null=True,
        help_text="Only while `status` is `qr`; null in lists, and for keys without the scope "
        "`manage`.",
    )
    pairing_code = serializers.CharField(
        help_text="The code to enter on the phone instead of scanning; empty until it is issued, "
        "in lists, and for keys without the scope `manage`."
    )
    pairing_error = serializers.CharField(help_text="Why no pairing code could be issued.")
    version = serializers.IntegerField(help_text="Increases with every change of the session.")
    since = serializers.DateTimeField(help_text="The time of the last change of status or reason.")
    last_proof_at = serializers.DateTimeField(
        allow_null=True, help_text="When the connection was last confirmed."
    )
    phone_seen_at = serializers.DateTimeField(
        allow_null=True,
        help_text="When the phone of the number was last active, to the hour. WhatsApp unlinks a "
        "number whose phone is offline for 14 days.",
    )
    next_retry_at = serializers.DateTimeField(
        allow_null=True, help_text="The time of the next automatic retry."
    )

    def to_representation(self, instance: Session) -> dict[str, Any]:
        now, with_code = self.context.get("now"), self.context.get("with_code", self.with_code)
        row = snapshot(instance, now or timezone.now(), with_code=with_code)
        return super().to_representation(row)


class CodelessSnapshotSerializer(SnapshotSerializer):
    """The same for callers who may not see codes."""

    with_code = False


@page_example("The last page", _EXAMPLE)
class SessionPageSerializer(PageSerializer):
    results = SnapshotSerializer(many=True)
