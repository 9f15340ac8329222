"""``Idempotency-Key``: a request that is sent again is answered again, and not done again.

The answer is written in the transaction of what it tells of: either both are there or neither,
whatever dies in between. Of two that come at once the second waits for the first at the unique
constraint, and then gives the same answer. A refusal did nothing, so it is not remembered: the
same key may try again.
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
    description="A word of your choice (a UUID, say), new for each thing you do. If you do not "
    "hear back, ask again with the same one: within 24 hours you get the answer of the first "
    "time, with the header `Idempotent-Replayed: true`, and nothing is done twice.",
)
_KEY = re.compile("[!-~]{1,255}")


class Mismatch(Refusal):
    """The key was used for another request."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__(
            "idempotency_mismatch",
            "This Idempotency-Key was used for another request within the last 24 hours. Use a "
            "new one for each thing you do.",
        )


def once(request: Request, account_id: UUID, answer: Callable[[], Response]) -> Response:
    """``answer()``, or what it returned to the same request before; without an Idempotency-Key
    always ``answer()``. Whatever it raises undoes what it did and is not remembered.

    The caller has been through the door: nobody gets an answer here who could not have asked.
    Raises ValidationError for a key that is none, Mismatch."""
    key = request.headers.get(HEADER)
    if key is None:
        return answer()
    if not _KEY.fullmatch(key):
        raise ValidationError({HEADER: ["Use 1 to 255 letters, digits or signs of ASCII."]})
    asked = _hash(request)
    forget_answers(account_id)
    try:
        return _first(account_id, key, asked, answer)
    except _Again:
        return _replayed(account_id, key, asked)


class _Again(Exception):
    """The key is there already."""


def _first(account_id: UUID, key: str, asked: str, answer: Callable[[], Response]) -> Response:
    with transaction.atomic():
        try:
            with transaction.atomic():
                row = IdempotentAnswer.objects.create(
                    account_id=account_id, key=key, request_hash=asked
                )
        except IntegrityError:
            raise _Again from None
        response = answer()
        row.status, row.body = response.status_code, JSONRenderer().render(response.data).decode()
        row.save(update_fields=["status", "body"])
    return response


def _replayed(account_id: UUID, key: str, asked: str) -> Response:
    row = IdempotentAnswer.objects.filter(account_id=account_id, key=key).first()
    if row is None:  # forgotten just now
        raise Conflict("in_progress", "The same request is being answered. Ask again.")
    if row.request_hash != asked:
        raise Mismatch
    return Response(json.loads(row.body), row.status, headers={REPLAYED: "true"})


def _hash(request: Request) -> str:
    """What is asked, without regard to the order and spacing of its JSON."""
    body = json.dumps(request.data, sort_keys=True)
    return hashlib.sha256(f"{request.method} {request.path}\n{body}".encode()).hexdigest()


def forget_answers(account_id: UUID | None = None) -> int:
    """Delete answers older than ``KEPT``, of one account or of all; how many there were."""
    old = IdempotentAnswer.objects.filter(created_at__lt=timezone.now() - KEPT)
    return delete_in_batches(old if account_id is None else old.filter(account_id=account_id))
