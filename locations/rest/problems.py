"""What the API answers when something is not possible: problem details (RFC 9457).

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
    """``detail`` is a sentence for people that says what to do; ``code`` is for programs."""

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
    "key_missing": "An API key is needed",
    "key_invalid": "The API key is not valid",
    "key_expired": "The API key has expired",
    "forbidden": "You may look at this but not change it",
    "scope_missing": "The API key may not do this",
    "not_found": "There is nothing here",
    "method_not_allowed": "The method is not possible here",
    "not_acceptable": "Only JSON is answered",
    "in_progress": "The same request is being answered",
    "idempotency_mismatch": "The Idempotency-Key belongs to another request",
    "too_many_requests": "Too many requests",
    "over_limit": "The plan has no room for more",
    "account_suspended": "The account is suspended",
    "too_large": "The body is too large",
    "unsupported_media_type": "The body must be JSON",
    "bad_request": "The request cannot be read",
    "failure": "Something failed on our side",
}
for _code, _title in _TITLES.items():
    register_code(_code, _title)

LOCATION_BUSY = register_code(
    "location_busy",
    "The location has a connection already",
    members={
        "session": serializers.UUIDField(
            required=False, help_text="With code `location_busy`: the session that is in the way."
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
    """The key was right, but its time is over."""


class Refusal(APIException):
    """A refusal with words of its own. ``members`` are added to the problem."""

    def __init__(self, code: str, detail: str, **members: object) -> None:
        super().__init__(detail, code)
        self.code, self.members = code, members


class Conflict(Refusal):
    """What was asked does not fit the state of things."""

    status_code = 409


@contextmanager
def conflict_at(error: type[Exception], code: str) -> Iterator[None]:
    """Raises Conflict ``code`` at ``error``, with its sentence."""
    try:
        yield
    except error as refused:
        raise Conflict(code, str(refused)) from None


class OverPlan(Refusal):
    """The account may not have more of something: ``code`` says whether for its plan's limit or
    because it is suspended."""

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
    """The key was made without the scope that this takes."""

    status_code = 403

    def __init__(self, scope: str) -> None:
        detail = f'This key has no scope "{scope}". Use one that has it, or make a new one.'
        super().__init__("scope_missing", detail, scope=scope)


class TooManyRequests(Refusal):
    """The key or its account has used up its calls; ``wait``: seconds until the next fits."""

    status_code = 429

    def __init__(self, limit: int, wait: int) -> None:
        detail = f"At most {limit} calls a minute are possible. Try again in {wait} s."
        super().__init__("too_many_requests", detail)
        self.wait = wait


class ProblemSerializer(serializers.Serializer[Any]):
    """Why a request was not done, by RFC 9457."""

    type = serializers.CharField(help_text="A URI that names the kind of problem.")
    title = serializers.CharField(help_text="The kind of problem in words; always the same.")
    status = serializers.IntegerField(help_text="The HTTP status, again.")
    code = serializers.CharField(help_text="The kind of problem as a word for programs.")
    detail = serializers.CharField(help_text="A sentence for people that says what to do.")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="With code `invalid`: the sentences about each field.",
    )
    resource = serializers.CharField(
        required=False, help_text="With status 402: what there is no room for, `sessions` say."
    )
    limit = serializers.IntegerField(required=False, help_text="With status 402: the most of it.")
    used = serializers.IntegerField(
        required=False, help_text="With status 402: how much there is of it."
    )
    scope = serializers.CharField(
        required=False, help_text="With code `scope_missing`: the scope that the key needs."
    )

    def get_fields(self) -> dict[str, Field[Any, Any, Any, Any]]:
        return {**super().get_fields(), **deepcopy(_MEMBERS)}


def problem_responses(
    *statuses: int, codes: Mapping[int, tuple[str, ...]] | None = None
) -> dict[tuple[int, str], OpenApiResponse]:
    """For the OpenAPI schema: the problems of an operation, with an example for each code.

    Every operation has ``_ALWAYS`` besides; ``codes`` names the codes of a status where they are
    not ``_DEFAULT_CODES``."""
    chosen = {
        status: (codes or {}).get(status) or _DEFAULT_CODES[status]
        for status in sorted({*_ALWAYS, *statuses})
    }
    return {
        (status, PROBLEM_TYPE): OpenApiResponse(
            ProblemSerializer,
            description=". ".join(_CODES[kind].title for kind in kinds),
            examples=[_example(status, kind) for kind in kinds],
        )
        for status, kinds in chosen.items()
    }


def _example(status: int, code: str) -> OpenApiExample:
    value = problem(status, code, _CODES[code].example)
    return OpenApiExample(code, value=value, media_type=PROBLEM_TYPE)
