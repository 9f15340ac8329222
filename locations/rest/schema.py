"""Examples for the OpenAPI schema, said beside the shape that they are of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer

from locations.rest.idempotency import HEADER, REPLAYED

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


_RATE = {
    "RateLimit-Limit": "How many calls a minute are possible.",
    "RateLimit-Remaining": "How many of them are left.",
    "RateLimit-Reset": "Seconds without a call after which all of them are there again.",
}


def describe_headers(result: dict[str, Any], **context: object) -> dict[str, Any]:
    """drf-spectacular's hook: the headers of each answer. Where there is no limit, those of the
    rate are left out."""
    for operation in _operations(result):
        names = {parameter["name"] for parameter in operation.get("parameters", [])}
        for status, response in operation["responses"].items():
            headers = response.setdefault("headers", {})
            if status not in ("401", "406"):  # refused before it was counted
                headers.update({name: _number(words) for name, words in _RATE.items()})
            if status == "401":
                headers["WWW-Authenticate"] = _header("string", "How to send a key.")
            if status == "429":
                headers["Retry-After"] = _number("Seconds to wait.", required=True)
            if HEADER in names and status.startswith("2"):
                headers[REPLAYED] = _header("string", "`true`: the answer of the first time.")
    return result


def _operations(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in result["paths"].values():
        yield from methods.values()


def _number(words: str, *, required: bool = False) -> dict[str, Any]:
    return {**_header("integer", words), "required": required}


def _header(kind: str, words: str) -> dict[str, Any]:
    return {"description": words, "schema": {"type": kind}}
