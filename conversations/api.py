"""``/api/v1/sessions/<id>/messages/``: send texts, read messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.actions import NotReady, send
from conversations.problem_codes import SESSION_NOT_READY
from conversations.queries import listed
from conversations.serializers import (
    MessageFilterSerializer,
    MessagePageSerializer,
    MessageSerializer,
    NewMessageSerializer,
)
from locations.access import find, find_writable
from locations.models import Scope
from locations.principals import Principal
from locations.rest.base_view import ApiView, principal_of
from locations.rest.idempotency import IDEMPOTENCY_KEY, once
from locations.rest.pagination import CURSOR, page_of
from locations.rest.problems import Conflict, problem_responses
from locations.rest.representation import represent
from sessions_app.models import Session

TAGS = ["Messages"]


class MessageList(ApiView):
    write_scope = Scope.SEND

    @extend_schema(
        operation_id="list_messages",
        tags=TAGS,
        summary="List the messages of a session",
        description="Newest first, 50 per page.",
        parameters=[MessageFilterSerializer, CURSOR],
        responses={
            200: MessagePageSerializer,
            **problem_responses(400, 404, codes={400: ("invalid",)}),
        },
    )
    def get(self, request: Request, session_id: UUID) -> Response:
        session = find(Session.objects.all(), principal_of(request), session_id)
        filters = MessageFilterSerializer(data=request.query_params)
        filters.is_valid(raise_exception=True)
        return page_of(listed(session.pk, filters.validated_data), request, MessageSerializer)

    @extend_schema(
        operation_id="send_message",
        tags=TAGS,
        summary="Send a text",
        description="The text is queued. Texts of one session are sent in order.",
        parameters=[IDEMPOTENCY_KEY],
        request=NewMessageSerializer,
        responses={
            202: MessageSerializer,
            **problem_responses(
                400, 404, 409, 413, 415, 422, codes={409: (SESSION_NOT_READY, "in_progress")}
            ),
        },
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        principal = principal_of(request)
        sessions = Session.objects.select_related("location")
        session = find_writable(sessions, principal, session_id)
        body = NewMessageSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        text: dict[str, Any] = body.validated_data
        return once(request, session.account_id, lambda: _send(principal, session, text))


def _send(principal: Principal, session: Session, text: Mapping[str, Any]) -> Response:
    try:
        message = send(principal, session, to=text["to"], text=text["text"])
    except NotReady as error:
        raise Conflict(error.code, str(error), reason=str(error.reason)) from None
    return Response(represent(MessageSerializer, message), status=202)
