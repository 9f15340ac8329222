"""``/api/v1/sessions/``: link a number, follow its status, say what is wanted of it.

What is asked for is written at once and answered with 202; the gateway makes it true, and the
snapshot shows how far it has come.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from locations.access import find, find_writable, visible
from locations.models import Location
from locations.principals import Principal
from locations.rest.base_view import ApiView, principal_of
from locations.rest.idempotency import IDEMPOTENCY_KEY, once
from locations.rest.pagination import CURSOR, page_of
from locations.rest.problems import LOCATION_BUSY, Conflict, conflict_at, problem_responses
from sessions_app import actions
from sessions_app.actions import LocationBusy
from sessions_app.engine.proxy_url import ProxyAddress
from sessions_app.lifecycle import Status, Wanted
from sessions_app.models import NotPossible, Session
from sessions_app.models.session_queryset import SessionQuerySet
from sessions_app.problem_codes import NOT_POSSIBLE
from sessions_app.serializers import (
    NewSessionSerializer,
    PairingSerializer,
    SessionFilterSerializer,
    SessionPageSerializer,
    SnapshotSerializer,
)

TAGS = ["Sessions"]
_WISH_PROBLEMS = problem_responses(404, 409, codes={409: (NOT_POSSIBLE,)})


def _rows() -> SessionQuerySet:
    rows: SessionQuerySet = Session.objects.select_related("location")
    return rows


class SessionList(ApiView):
    @extend_schema(
        operation_id="list_sessions",
        tags=TAGS,
        summary="List your sessions",
        description="Newest first, 50 a page, with those you have unlinked. Codes are left out.",
        parameters=[SessionFilterSerializer, CURSOR],
        responses={200: SessionPageSerializer, **problem_responses(400, codes={400: ("invalid",)})},
    )
    def get(self, request: Request) -> Response:
        asked = SessionFilterSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        now = timezone.now()
        rows = visible(_filtered(_rows(), asked.validated_data, now), principal_of(request))
        return page_of(rows, request, SnapshotSerializer, context={"now": now, "with_code": False})

    @extend_schema(
        operation_id="create_session",
        tags=TAGS,
        summary="Link a number to a location",
        description="Then read the session until `status` is `qr`, show its `qr` to the person "
        "with the phone, and go on reading until it is `ready`.",
        parameters=[IDEMPOTENCY_KEY],
        request=NewSessionSerializer,
        responses={
            201: SnapshotSerializer,
            **problem_responses(
                400, 402, 404, 409, 413, 415, 422, codes={409: (LOCATION_BUSY, "in_progress")}
            ),
        },
    )
    def post(self, request: Request) -> Response:
        principal = principal_of(request)
        asked = NewSessionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted_id = asked.validated_data["location"]
        location = find_writable(Location.objects.all(), principal, wanted_id)
        proxy = asked.validated_data.get("proxy", {}).get("proxy")
        return once(request, location.account_id, lambda: _create(principal, location, proxy))


def _create(principal: Principal, location: Location, proxy: ProxyAddress | None) -> Response:
    try:
        session = actions.connect(principal, location, proxy)
    except LocationBusy:
        raise _busy(location) from None
    return Response(SnapshotSerializer(session).data, status=201)


def _filtered(rows: SessionQuerySet, asked: dict[str, Any], now: datetime) -> SessionQuerySet:
    if "status" in asked:
        rows = rows.shown_as(Status(asked["status"]), now)
    if "location" in asked:
        rows = rows.of_location(asked["location"])
    if "since" in asked:
        rows = rows.standing_since(asked["since"])
    return rows


def _busy(location: Location) -> Conflict:
    in_the_way = Session.objects.live().of_location(location.pk).values_list("pk", flat=True)
    return Conflict(
        LOCATION_BUSY,
        "This location has a connection already. Use that session, or unlink it first.",
        session=in_the_way.first(),
    )


class SessionDetail(ApiView):
    @extend_schema(
        operation_id="read_session",
        tags=TAGS,
        summary="Read a session",
        description="While a number is being linked, read it once a second.",
        responses={200: SnapshotSerializer, **problem_responses(404)},
    )
    def get(self, request: Request, session_id: UUID) -> Response:
        session = find(_rows(), principal_of(request), session_id)
        return Response(SnapshotSerializer(session).data)


def _wish(
    request: Request, session_id: UUID, ask: Callable[[Principal, Session], None]
) -> Response:
    """Write the wish ``ask`` and answer with the snapshot."""
    principal = principal_of(request)
    session: Session = find_writable(_rows(), principal, session_id)
    with conflict_at(NotPossible, NOT_POSSIBLE):
        ask(principal, session)
    return Response(SnapshotSerializer(session).data, status=202)


class SessionRestart(ApiView):
    @extend_schema(
        operation_id="restart_session",
        tags=TAGS,
        summary="Start afresh",
        description="Reconnects a linked number; otherwise asks for a new code.",
        request=None,
        responses={202: SnapshotSerializer, **_WISH_PROBLEMS},
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        return _wish(request, session_id, actions.restart)


class SessionStop(ApiView):
    @extend_schema(
        operation_id="stop_session",
        tags=TAGS,
        summary="Disconnect and keep the link",
        description="A restart brings it back without a new scan.",
        request=None,
        responses={202: SnapshotSerializer, **_WISH_PROBLEMS},
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        return _wish(request, session_id, actions.stop)


class SessionUnlink(ApiView):
    @extend_schema(
        operation_id="unlink_session",
        tags=TAGS,
        summary="Remove the link for good",
        description="Removes us from the phone's linked devices and deletes the keys. Asking "
        "again changes nothing.",
        request=None,
        responses={202: SnapshotSerializer, **problem_responses(404)},
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        return _wish(request, session_id, _unlink)


def _unlink(principal: Principal, session: Session) -> None:
    if session.wanted != Wanted.UNLINKED:
        actions.unlink(principal, session)


class SessionPairingCode(ApiView):
    @extend_schema(
        operation_id="ask_pairing_code",
        tags=TAGS,
        summary="Get a code to type instead of a scan",
        description="Only while `status` is `qr`. The code appears as `pairing_code` of the "
        "session as soon as WhatsApp gives it, within a second or two.",
        request=PairingSerializer,
        responses={
            202: SnapshotSerializer,
            **problem_responses(400, 404, 409, 413, 415, codes={409: (NOT_POSSIBLE,)}),
        },
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        def ask(principal: Principal, session: Session) -> None:
            asked = PairingSerializer(data=request.data)
            asked.is_valid(raise_exception=True)
            actions.ask_pairing_code(principal, session, asked.validated_data["phone"])

        return _wish(request, session_id, ask)
