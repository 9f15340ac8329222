"""Every failure under /api/ is one problem document (RFC 9457), whoever raised it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from locations.plans.limits import OverLimit
from locations.rest.problems import (
    PROBLEM_TYPE,
    KeyExpired,
    OverPlan,
    Refusal,
    TooManyRequests,
    problem,
)

logger = logging.getLogger(__name__)


class TooLarge(exceptions.APIException):
    """The body is over DATA_UPLOAD_MAX_MEMORY_SIZE; nothing of it was read."""

    status_code = 413


# Exception → (code, what to do). The first that fits counts.
_SENTENCES: Mapping[type[Exception], tuple[str, str]] = {
    exceptions.ValidationError: ("invalid", "Correct the fields that are named in errors."),
    exceptions.ParseError: (
        "not_json",
        "The body cannot be read as JSON. Check it, for example for a missing quote.",
    ),
    exceptions.NotAuthenticated: (
        "key_missing",
        'Send the header "Authorization: Bearer pl_…" with an API key of your account.',
    ),
    KeyExpired: (
        "key_expired",
        "The time of this API key is over. Use another, or make a new one.",
    ),
    exceptions.AuthenticationFailed: (
        "key_invalid",
        "This API key is unknown or revoked. Use another one, or make a new one.",
    ),
    exceptions.PermissionDenied: (
        "forbidden",
        "You may look at this but not change it. Ask an owner of the account.",
    ),
    exceptions.NotFound: (
        "not_found",
        "There is nothing here that this key may see. Check the address and the id.",
    ),
    exceptions.MethodNotAllowed: (
        "method_not_allowed",
        "Use one of the methods that the header Allow names.",
    ),
    exceptions.NotAcceptable: ("not_acceptable", 'Send the header "Accept: application/json".'),
    TooLarge: ("too_large", "The body is too large. Send less at once."),
    exceptions.UnsupportedMediaType: (
        "unsupported_media_type",
        'Send JSON, with the header "Content-Type: application/json".',
    ),
}
_FAILURE = "The request could not be done. Try again; if it fails again, tell the operator when."


def problem_response(exc: Exception, context: Mapping[str, Any]) -> Response:
    """REST framework's exception handler: the problem document for ``exc``."""
    known = _as_api_exception(exc)
    if known is None:
        return _failure(exc, context)
    code, detail = _told(known)
    body: dict[str, Any] = dict(problem(known.status_code, code, detail))
    if isinstance(known, exceptions.ValidationError):
        body["errors"] = _by_field(known.detail)
    if isinstance(known, Refusal):
        body.update({name: value for name, value in known.members.items() if value is not None})
    header = getattr(known, "auth_header", None)
    headers = {"WWW-Authenticate": header} if header else {}
    if isinstance(known, TooManyRequests):
        headers["Retry-After"] = str(known.wait)
    return Response(body, known.status_code, headers=headers, content_type=PROBLEM_TYPE)


def _as_api_exception(exc: Exception) -> exceptions.APIException | None:
    if isinstance(exc, Http404):
        return exceptions.NotFound()
    if isinstance(exc, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(exc, OverLimit):
        return OverPlan(exc)
    if isinstance(exc, RequestDataTooBig):
        return TooLarge()
    return exc if isinstance(exc, exceptions.APIException) else None


def _told(exc: exceptions.APIException) -> tuple[str, str]:
    if isinstance(exc, Refusal):
        return exc.code, str(exc.detail)
    for kind, told in _SENTENCES.items():
        if isinstance(exc, kind):
            return told
    return "bad_request", str(exc.detail)


def _by_field(detail: Any) -> dict[str, list[str]]:
    """Sentences by field; those about the whole body are under "body"."""
    fields = detail if isinstance(detail, dict) else {api_settings.NON_FIELD_ERRORS_KEY: detail}
    return {
        "body" if name == api_settings.NON_FIELD_ERRORS_KEY else name: [str(s) for s in sentences]
        for name, sentences in fields.items()
    }


def _failure(exc: Exception, context: Mapping[str, Any]) -> Response:
    """A fault of ours: logged whole, answered without a word about our insides."""
    request = context["request"]._request
    logger.error("An API request failed", exc_info=exc, extra={"path": request.path})
    got_request_exception.send(sender=None, request=request)
    return Response(problem(500, "failure", _FAILURE), 500, content_type=PROBLEM_TYPE)


def _plain(status: int, code: str, detail: str) -> HttpResponse:
    return JsonResponse(problem(status, code, detail), status=status, content_type=PROBLEM_TYPE)


@login_not_required
@csrf_exempt  # there is nothing to forge, and no page to show
def nothing_here(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    """The last pattern under /api/: an address that is none of ours."""
    detail = "There is no such address. See /api/docs/ for those there are; they end with a slash."
    return _plain(404, "not_found", detail)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: a request that was refused before any view saw it."""
    if not request.path.startswith("/api/"):
        return defaults.bad_request(request, exception)
    return _plain(400, "bad_request", "The request cannot be read. Check its address and headers.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: a fault of ours outside of any API view."""
    if not request.path.startswith("/api/"):
        return defaults.server_error(request)
    return _plain(500, "failure", _FAILURE)
