"""Examples for the OpenAPI schema, said beside the shape that they are of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer

_DONE = ["200", "201", "202"]
Shape = TypeVar("Shape", bound=type)


def asked(name: str, value: Mapping[str, Any]) -> Callable[[Shape], Shape]:
    """For a serializer: a body that is sent."""
    return _with(OpenApiExample(name, value=dict(value), request_only=True))


def answered(name: str, value: Mapping[str, Any]) -> Callable[[Shape], Shape]:
    """For a serializer: a body that is answered."""
    example = OpenApiExample(name, value=dict(value), response_only=True, status_codes=_DONE)
    return _with(example)


def listed(name: str, row: Mapping[str, Any]) -> Callable[[Shape], Shape]:
    """For the serializer of a page: one that has ``row`` and is the last."""
    return answered(name, {"next": None, "previous": None, "results": [dict(row)]})


def _with(example: OpenApiExample) -> Callable[[Shape], Shape]:
    decorate: Callable[[Shape], Shape] = extend_schema_serializer(examples=[example])
    return decorate
