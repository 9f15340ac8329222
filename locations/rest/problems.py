"""Problem details (RFC 9457): the API's error responses.

This module has the registry of problem codes and the shape; ``exception_handler`` turns every
exception into one. Each app registers the codes of its own in ``problem_codes.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypedDict

from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.fields import Field

from locations.plans.limits import OverLimit

PROBLEM_TYPE = "application/problem+json"


class Problem(TypedDict):
    """``detail`` is a sentence for users that says what to do; ``code`` is for programs."""

    type: str
    title: str
    status: int
    code: str
    detail: str


@dataclass(frozen=True)
class _Code:
    title: str
    example: str  # a detail, for the OpenAPI schema


_CODES: dict[str, _Code] = {}
_MEMBERS: dict[str, Field[Any, Any, Any, Any]] = {}


def register_code(
    code: str,
    title: str,
    *,
    example: str = "",
    members: Mapping[str, Field[Any, Any, Any, Any]] | None = None,
) -> str:
    """Make a problem code known, and return it.

    ``title`` never changes for a code. ``example``: a detail for the OpenAPI schema.
    ``members``: the fields that its problem documents have besides those of RFC 9457. Raises
    ValueError if the code or a member is registered already."""
    if code in _CODES or (members and _MEMBERS.keys() & members.keys()):
        raise ValueError(f"Problem code {code} is registered twice")
    _CODES[code] = _Code(title, example or f"{title}.")
    _MEMBERS.update(members or {})
    return code


def problem(status: int, code: str, detail: str) -> Problem:
    """Return the problem ``code`` with its title and its type, a URI that only names it."""
    return {
        "type": f"urn:pairline:problem:{code}",
        "title": _CODES[code].title,
        "status": status,
        "code": code,
        "detail": detail,
    }


_TITLES: Mapping[str, str] = {
    "invalid": "Some fields are not valid",
    "not_json": "The body is not JSON",
    "key_missing": "An API key is required",
    "key_invalid": "The API key is not valid",
    "key_expired": "The API key has expired",
    "forbidden": "You can see this but not change it",
    "scope_missing": "The API key lacks a scope",
    "not_found": "Not found",
    "method_not_allowed": "The method is not allowed",
    "not_acceptable": "Only JSON is available",
    "in_progress": "The same request is in progress",
    "idempotency_mismatch": "The Idempotency-Key belongs to another request",
    "too_many_requests": "Too many requests",
    "over_limit": "The plan's limit is reached",
    "account_suspended": "The account is suspended",
    "too_large": "The body is too large",
    "unsupported_media_type": "The body must be JSON",
    "bad_request": "The request is malformed",
    "failure": "Something failed on our side",
}
for _code, _title in _TITLES.items():
    register_code(_code, _title)

LOCATION_BUSY = register_code(
    "location_busy",
    "The location already has a session",
    members={
        "session": serializers.UUIDField(
            required=False,
            help_text="With code `location_busy`: the session of the location.",
        )
    },
)

_DEFAULT_CODES: Mapping[int, tuple[str, ...]] = {
    400: ("invalid", "not_json"),
    401: ("key_missing", "key_invalid", "key_expired"),
    402: ("over_limit", "account_suspended"),
    403: ("scope_missing",),
    404: ("not_found",),
    406: ("not_acceptable",),
    413: ("too_large",),
    415: ("unsupported_media_type",),
    422: ("idempotency_mismatch",),
    429: ("too_many_requests",),
}
_ALWAYS = (401, 403, 406, 429)


class KeyExpired(AuthenticationFailed):
    """The API key has expired."""


class Refusal(APIException):
    """An error with its own code and detail. ``members`` are added to the problem document."""

    def __init__(self, code: str, detail: str, **members: object) -> None:
        super().__init__(detail, code)
        self.code, self.members = code, members


class Conflict(Refusal):
    """The request conflicts with the current state."""

    status_code = 409


@contextmanager
def conflict_at(error: type[Exception], code: str) -> Iterator[None]:
    """Turn ``error`` into a Conflict with ``code``."""
    try:
        yield
    except error as refused:
        raise Conflict(code, str(refused)) from None


class OverPlan(Refusal):
    """The account may not have more of a resource: its plan's limit is reached, or it is
    suspended."""

    status_code = 402

    def __init__(self, refused: OverLimit) -> None:
        super().__init__(
            refused.code,
            str(refused),
            resource=str(refused.resource),
            limit=refused.limit,
            used=refused.used,
        )


class ScopeMissing(Refusal):
    """The API key lacks the scope that the operation requires."""

    status_code = 403

    def __init__(self, scope: str) -> None:
        detail = f'This key lacks the scope "{scope}". Use one that has it, or create a new one.'
        super().__init__("scope_missing", detail, scope=scope)


class TooManyRequests(Refusal):
    """The key or its account has exceeded a rate limit. ``wait``: seconds to wait."""

    status_code = 429

    def __init__(self, detail: str, wait: int) -> None:
        super().__init__("too_many_requests", detail)
        self.wait = wait


class ProblemSerializer(serializers.Serializer[Any]):
    """An error, as defined by RFC 9457."""

    type = serializers.CharField(help_text="A URI that identifies the type of problem.")
    title = serializers.CharField(help_text="The type of problem in words. The same for each type.")
    status = serializers.IntegerField(help_text="The HTTP status.")
    code = serializers.CharField(help_text="The type of problem, for programs.")
    detail = serializers.CharField(help_text="A sentence for users that says what to do.")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="With code `invalid`: the messages by field.",
    )
    resource = serializers.CharField(
        required=False, help_text="With status 402: the limited resource, such as `sessions`."
    )
    limit = serializers.IntegerField(required=False, help_text="With status 402: its limit.")
    used = serializers.IntegerField(
        required=False, help_text="With status 402: how much of it is used."
    )
    scope = serializers.CharField(
        required=False, help_text="With code `scope_missing`: the required scope."
    )

    def get_fields(self) -> dict[str, Field[Any, Any, Any, Any]]:
        return {**super().get_fields(), **deepcopy(_MEMBERS)}


def problem_responses(
    *statuses: int, codes: Mapping[int, tuple[str, ...]] | None = None
) -> dict[tuple[int, str], OpenApiResponse]:
    """Return the problems of an operation for the OpenAPI schema, with an example for each code.

    ``_ALWAYS`` is added to ``statuses``. ``codes`` overrides ``_DEFAULT_CODES``."""
    by_status = {
        status: (codes or {}).get(status) or _DEFAULT_CODES[status]
        for status in sorted({*_ALWAYS, *statuses})
    }
    return {
        (status, PROBLEM_TYPE): OpenApiResponse(
            ProblemSerializer,
            description=". ".join(_CODES[kind].title for kind in kinds),
            examples=[_example(status, kind) for kind in kinds],
        )
        for status, kinds in by_status.items()
    }


def _example(status: int, code: str) -> OpenApiExample:
    value = problem(status, code, _CODES[code].example)
    return OpenApiExample(code, value=value, media_type=PROBLEM_TYPE)
