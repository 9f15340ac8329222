"""Fields of the API that take what they say and nothing that could be made into it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)


class TextField(serializers.CharField):
    """A text; a number is not taken for one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class FlagField(serializers.BooleanField):
    """true or false; neither 0 nor "yes" is taken for one."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class MomentField(serializers.DateTimeField):
    """A moment with its zone (UTC without one), within what every database can compare."""

    def to_internal_value(self, value: Any) -> datetime:
        if not str(value).isprintable():
            self.fail("invalid", format="2026-05-04T12:00:00Z")
        moment: datetime = super().to_internal_value(value)
        if not _EARLIEST <= moment <= _LATEST:
            raise serializers.ValidationError("Give a moment of the years 1970 to 2999.")
        return moment
