"""``Idempotency-Key``: a repeated request gets the stored response and is not executed again.

The response is stored in the transaction of the action, so either both exist or neither. Of two
concurrent requests the second waits for the first at the unique constraint, and then returns the
same response. Errors are not stored: the same key may try again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from core.data.batch_delete import delete_in_batches
from locations.models import IdempotentAnswer
from locations.rest.problems import Conflict, Refusal

KEPT = timedelta(hours=24)
HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="A value of your choice, such as a UUID, new for each action. If you get no "
    "response, repeat the request with the same key: within 24 hours you get the response of the "
    "first request, with the header `Idempotent-Replayed: true`, and nothing is done twice.",
)
_KEY = re.compile("[!-~]{1,255}")


class Mismatch(Refusal):
    """The key was used for a different request."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__(
            "idempotency_mismatch",
            "This Idempotency-Key was used for another request within the last 24 hours. Use a "
            "new one for each action.",
        )


def once(request: Request, account_id: UUID, answer: Callable[[], Response]) -> Response:
    """Return ``answer()``, or the stored response if the request has an Idempotency-Key that was
    used before. If ``answer`` raises, its transaction is rolled back and nothing is stored.

    The caller has checked the access. Raises ValidationError for an invalid key, or Mismatch."""
    key = request.headers.get(HEADER)
    if key is None:
        return answer()
    if not _KEY.fullmatch(key):
        raise ValidationError({HEADER: ["Use 1 to 255 printable ASCII characters without spaces."]})
    request_hash = _hash(request)
    forget_answers(account_id)
    try:
        return _first(account_id, key, request_hash, answer)
    except _Again:
        return _replayed(account_id, key, request_hash)


class _Again(Exception):
    """The key has been used before."""


def _first(
    account_id: UUID, key: str, request_hash: str, answer: Callable[[], Response]
) -> Response:
    with transaction.atomic():
        try:
            with transaction.atomic():
                row = IdempotentAnswer.objects.create(
                    account_id=account_id, key=key, request_hash=request_hash
                )
        except IntegrityError:
            raise _Again from None
        response = answer()
        row.status, row.body = response.status_code, JSONRenderer().render(response.data).decode()
        row.save(update_fields=["status", "body"])
    return response


def _replayed(account_id: UUID, key: str, request_hash: str) -> Response:
    row = IdempotentAnswer.objects.filter(account_id=account_id, key=key).first()
    if row is None:  # deleted in the meantime
        raise Conflict("in_progress", "The same request is in progress. Repeat it.")
    if row.request_hash != request_hash:
        raise Mismatch
    return Response(json.loads(row.body), row.status, headers={REPLAYED: "true"})


def _hash(request: Request) -> str:
    """Hash the request, independent of the key order and spacing of its JSON."""
    body = json.dumps(request.data, sort_keys=True)
    return hashlib.sha256(f"{request.method} {request.path}\n{body}".encode()).hexdigest()


def forget_answers(account_id: UUID | None = None) -> int:
    """Delete responses older than ``KEPT``, of one account or of all. Return their number."""
    old = IdempotentAnswer.objects.filter(created_at__lt=timezone.now() - KEPT)
    return delete_in_batches(old if account_id is None else old.filter(account_id=account_id))
