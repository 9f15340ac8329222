"""Writes rows in the shape of a serializer, for single API responses."""

from __future__ import annotations

from functools import cache
from typing import Any

from rest_framework import serializers


def represent(serializer: type[serializers.Serializer[Any]], instance: object) -> Any:
    """Return ``instance`` as ``serializer`` writes it, without context.

    A serializer copies all of its fields each time it is built, which takes longer than writing
    them. Writing keeps no state, so one serializer of each class serves all requests.
    """
    return _built(serializer).to_representation(instance)


@cache
def _built(serializer: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    return serializer()
