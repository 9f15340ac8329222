"""API fields that accept their own JSON type only and convert nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from core.text.phone_numbers import NotANumber, e164

_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)


class TextField(serializers.CharField):
    """A string; numbers are refused."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class PhoneNumberField(TextField):
    """A telephone number with its country code, validated to E.164."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_blank=True, **options)  # E.164 has its own message for blanks

    def run_validation(self, data: Any = serializers.empty) -> str:
        typed: str = super().run_validation(data)
        try:
            return e164(typed)
        except NotANumber as error:
            raise serializers.ValidationError(str(error)) from None


class FlagField(serializers.BooleanField):
    """true or false; 0 and "yes" are refused."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class MomentField(serializers.DateTimeField):
    """A time with its zone (default: UTC), in a range that every database can compare."""

    def to_internal_value(self, value: Any) -> datetime:
        if not str(value).isprintable():
            self.fail("invalid", format="2026-05-04T12:00:00Z")
        moment: datetime = super().to_internal_value(value)
        if not _EARLIEST <= moment <= _LATEST:
            raise serializers.ValidationError("Use a time between the years 1970 and 2999.")
        return moment
