"""Turn every error under /api/ into a problem document (RFC 9457)."""

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

from locations.plans.action_limits import TooOften
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
    """The body exceeds DATA_UPLOAD_MAX_MEMORY_SIZE and was not read."""

    status_code = 413


# Exception → (code, detail). The first match counts.
_DETAILS: Mapping[type[Exception], tuple[str, str]] = {
    exceptions.ValidationError: ("invalid", "Correct the fields listed in errors."),
    exceptions.ParseError: (
        "not_json",
        "The body is not valid JSON. Check it, for example for a missing quote.",
    ),
    exceptions.NotAuthenticated: (
        "key_missing",
        'Send the header "Authorization: Bearer pl_…" with an API key of your account.',
    ),
    KeyExpired: (
        "key_expired",
        "This API key has expired. Use another one, or create a new one.",
    ),
    exceptions.AuthenticationFailed: (
        "key_invalid",
        "This API key is unknown or revoked. Use another one, or create a new one.",
    ),
    exceptions.PermissionDenied: (
        "forbidden",
        "You can see this but not change it. Ask an owner of the account.",
    ),
    exceptions.NotFound: (
        "not_found",
        "Nothing here is visible to this key. Check the URL and the id.",
    ),
    exceptions.MethodNotAllowed: (
        "method_not_allowed",
        "Use one of the methods listed in the Allow header.",
    ),
    exceptions.NotAcceptable: ("not_acceptable", 'Send the header "Accept: application/json".'),
    TooLarge: ("too_large", "The body is too large. Send less at once."),
    exceptions.UnsupportedMediaType: (
        "unsupported_media_type",
        'Send JSON, with the header "Content-Type: application/json".',
    ),
}
_FAILURE = "The request failed. Try again; if it keeps failing, tell the operator when."


def problem_response(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Return the problem document for ``exc``. This is REST framework's exception handler."""
    known = _as_api_exception(exc)
    if known is None:
        return _failure(exc, context)
    code, detail = _code_and_detail(known)
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
    if isinstance(exc, TooOften):
        return TooManyRequests(str(exc), exc.wait)
    if isinstance(exc, RequestDataTooBig):
        return TooLarge()
    return exc if isinstance(exc, exceptions.APIException) else None


def _code_and_detail(exc: exceptions.APIException) -> tuple[str, str]:
    if isinstance(exc, Refusal):
        return exc.code, str(exc.detail)
    for kind, known in _DETAILS.items():
        if isinstance(exc, kind):
            return known
    return "bad_request", str(exc.detail)


def _by_field(detail: Any) -> dict[str, list[str]]:
    """Return the messages by field. Those about the whole body are under "body"."""
    fields = detail if isinstance(detail, dict) else {api_settings.NON_FIELD_ERRORS_KEY: detail}
    return {
        "body" if name == api_settings.NON_FIELD_ERRORS_KEY else name: [str(s) for s in messages]
        for name, messages in fields.items()
    }


def _failure(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Log an unexpected error, and respond without internal details."""
    request = context["request"]._request
    logger.error("An API request failed", exc_info=exc, extra={"path": request.path})
    got_request_exception.send(sender=None, request=request)
    return Response(problem(500, "failure", _FAILURE), 500, content_type=PROBLEM_TYPE)


def _plain(status: int, code: str, detail: str) -> HttpResponse:
    return JsonResponse(problem(status, code, detail), status=status, content_type=PROBLEM_TYPE)


@login_not_required
@csrf_exempt  # nothing to forge
def nothing_here(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    """Respond to unknown URLs. This is the last pattern under /api/."""
    detail = "There is no such URL. See /api/docs/ for all URLs; they end with a slash."
    return _plain(404, "not_found", detail)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Handle requests refused before any view (Django's handler400)."""
    if not request.path.startswith("/api/"):
        return defaults.bad_request(request, exception)
    return _plain(400, "bad_request", "The request is malformed. Check its URL and headers.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Handle errors outside of API views (Django's handler500)."""
    if not request.path.startswith("/api/"):
        return defaults.server_error(request)
    return _plain(500, "failure", _FAILURE)
