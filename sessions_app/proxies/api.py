"""``/api/v1/sessions/<id>/proxy/``: the proxy of a number. Its login is write-only."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from locations.access import find, find_writable
from locations.rest.base_view import ApiView, principal_of
from locations.rest.problems import conflict_at, problem_responses
from locations.rest.representation import represent
from sessions_app import actions
from sessions_app.models import NotPossible, Session
from sessions_app.problem_codes import NOT_POSSIBLE
from sessions_app.proxies.serializers import NewProxySerializer, ProxySerializer, check_for

_TAGS = ["Sessions"]
_WRITE_PROBLEMS = problem_responses(400, 404, 409, 413, 415, codes={409: (NOT_POSSIBLE,)})


def _response(session: Session) -> Response:
    return Response(represent(ProxySerializer, actions.stored_proxy(session)))


class SessionProxy(ApiView):
    @extend_schema(
        operation_id="read_proxy",
        tags=_TAGS,
        summary="Get a number's proxy",
        description="Without its login.",
        responses={200: ProxySerializer, **problem_responses(404)},
    )
    def get(self, request: Request, session_id: UUID) -> Response:
        return _response(find(Session.objects.all(), principal_of(request), session_id))

    @extend_schema(
        operation_id="set_proxy",
        tags=_TAGS,
        summary="Set a number's proxy",
        description="A running session reconnects through it. While the proxy fails, the session "
        "has the reason `proxy_failed` and retries through it, never without it. An earlier login "
        "is not kept: send it each time. An account can have two proxies checked at once, and 30 "
        "per minute.",
        request=NewProxySerializer,
        responses={200: ProxySerializer, **_WRITE_PROBLEMS},
    )
    def put(self, request: Request, session_id: UUID) -> Response:
        principal = principal_of(request)
        session = find_writable(_rows(), principal, session_id)
        body = NewProxySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        proxy = body.validated_data["proxy"]
        check_for(session.account_id, proxy)
        with conflict_at(NotPossible, NOT_POSSIBLE):
            actions.set_proxy(principal, session, proxy)
        return _response(session)

    @extend_schema(
        operation_id="remove_proxy",
        tags=_TAGS,
        summary="Remove a number's proxy",
        description="A running session reconnects directly.",
        request=None,
        responses={
            200: ProxySerializer,
            **problem_responses(404, 409, codes={409: (NOT_POSSIBLE,)}),
        },
    )
    def delete(self, request: Request, session_id: UUID) -> Response:
        principal = principal_of(request)
        session = find_writable(_rows(), principal, session_id)
        with conflict_at(NotPossible, NOT_POSSIBLE):
            actions.remove_proxy(principal, session)
        return _response(session)


def _rows() -> Any:
    return Session.objects.select_related("location")
