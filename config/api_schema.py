"""What every operation of the API has in common, added to the OpenAPI schema at its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from locations.idempotency import HEADER, REPLAYED

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
