"""Helpers for the OpenAPI schema: examples next to their serializer, and response headers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer

from locations.rest.idempotency import HEADER, REPLAYED

_DONE = ["200", "201", "202"]
Shape = TypeVar("Shape", bound=type)


def request_example(name: str, value: Mapping[str, Any]) -> Callable[[Shape], Shape]:
    """Add an example of a request body to a serializer."""
    return _with(OpenApiExample(name, value=dict(value), request_only=True))


def response_example(name: str, value: Mapping[str, Any]) -> Callable[[Shape], Shape]:
    """Add an example of a response body to a serializer."""
    example = OpenApiExample(name, value=dict(value), response_only=True, status_codes=_DONE)
    return _with(example)


def page_example(name: str, row: Mapping[str, Any]) -> Callable[[Shape], Shape]:
    """Add an example of a page to its serializer: the last page, with one ``row``."""
    return response_example(name, {"next": None, "previous": None, "results": [dict(row)]})


def _with(example: OpenApiExample) -> Callable[[Shape], Shape]:
    decorate: Callable[[Shape], Shape] = extend_schema_serializer(examples=[example])
    return decorate


_RATE = {
    "RateLimit-Limit": "The number of calls allowed per minute.",
    "RateLimit-Remaining": "The number of calls left.",
    "RateLimit-Reset": "Seconds without a call until all calls are available again.",
}


def describe_headers(result: dict[str, Any], **context: object) -> dict[str, Any]:
    """Describe the headers of each response. This is a hook of drf-spectacular."""
    for operation in _operations(result):
        names = {parameter["name"] for parameter in operation.get("parameters", [])}
        for status, response in operation["responses"].items():
            headers = response.setdefault("headers", {})
            if status not in ("401", "406"):  # not counted
                headers.update({name: _number(words) for name, words in _RATE.items()})
            if status == "401":
                headers["WWW-Authenticate"] = _header("string", "How to send a key.")
            if status == "429":
                headers["Retry-After"] = _number("Seconds to wait.", required=True)
            if HEADER in names and status.startswith("2"):
                headers[REPLAYED] = _header("string", "`true` for a stored response.")
    return result


def _operations(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in result["paths"].values():
        yield from methods.values()


def _number(words: str, *, required: bool = False) -> dict[str, Any]:
    return {**_header("integer", words), "required": required}


def _header(kind: str, words: str) -> dict[str, Any]:
    return {"description": words, "schema": {"type": kind}}
