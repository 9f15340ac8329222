"""``/api/v1/sessions/``: link a number, follow its status, restart, stop and unlink it.

Commands are stored and answered with 202; the gateway carries them out, and the session shows the
progress.
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
from locations.rest.representation import represent
from sessions_app import actions
from sessions_app.actions import LocationBusy
from sessions_app.engine.proxy_url import ProxyAddress
from sessions_app.lifecycle import Status, Wanted
from sessions_app.models import NotPossible, Session
from sessions_app.models.session_queryset import SessionQuerySet
from sessions_app.problem_codes import NOT_POSSIBLE
from sessions_app.proxies.serializers import check_for
from sessions_app.serializers import (
    CodelessSnapshotSerializer,
    NewSessionSerializer,
    PairingSerializer,
    SessionFilterSerializer,
    SessionPageSerializer,
    SnapshotSerializer,
)

TAGS = ["Sessions"]
_COMMAND_PROBLEMS = problem_responses(404, 409, codes={409: (NOT_POSSIBLE,)})


def _rows() -> SessionQuerySet:
    rows: SessionQuerySet = Session.objects.select_related("location")
    return rows


class SessionList(ApiView):
    @extend_schema(
        operation_id="list_sessions",
        tags=TAGS,
        summary="List your sessions",
        description="Newest first, 50 per page, including unlinked ones. Codes are left out.",
        parameters=[SessionFilterSerializer, CURSOR],
        responses={200: SessionPageSerializer, **problem_responses(400, codes={400: ("invalid",)})},
    )
    def get(self, request: Request) -> Response:
        filters = SessionFilterSerializer(data=request.query_params)
        filters.is_valid(raise_exception=True)
        now = timezone.now()
        rows = visible(_filtered(_rows(), filters.validated_data, now), principal_of(request))
        return page_of(rows, request, SnapshotSerializer, context={"now": now, "with_code": False})

    @extend_schema(
        operation_id="create_session",
        tags=TAGS,
        summary="Link a number to a location",
        description="Then poll the session until `status` is `qr`, show its `qr` to the owner of "
        "the phone, and keep polling until it is `ready`.",
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
        body = NewSessionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted_id = body.validated_data["location"]
        location = find_writable(Location.objects.all(), principal, wanted_id)
        proxy = body.validated_data.get("proxy", {}).get("proxy")
        if proxy is not None:
            check_for(location.account_id, proxy)
        return once(request, location.account_id, lambda: _create(principal, location, proxy))


def _create(principal: Principal, location: Location, proxy: ProxyAddress | None) -> Response:
    try:
        session = actions.connect(principal, location, proxy)
    except LocationBusy:
        raise _busy(location) from None
    return Response(_shown(principal, session), status=201)


def _shown(principal: Principal, session: Session) -> Any:
    """Return the session as the caller may see it: with its codes only for managers."""
    may = principal.may_see_codes(session.account_id)
    return represent(SnapshotSerializer if may else CodelessSnapshotSerializer, session)


def _filtered(rows: SessionQuerySet, filters: dict[str, Any], now: datetime) -> SessionQuerySet:
    if "status" in filters:
        rows = rows.shown_as(Status(filters["status"]), now)
    if "location" in filters:
        rows = rows.of_location(filters["location"])
    if "since" in filters:
        rows = rows.standing_since(filters["since"])
    return rows


def _busy(location: Location) -> Conflict:
    existing = Session.objects.live().of_location(location.pk).values_list("pk", flat=True)
    return Conflict(
        LOCATION_BUSY,
        "This location already has a session. Use that one, or unlink it first.",
        session=existing.first(),
    )


class SessionDetail(ApiView):
    @extend_schema(
        operation_id="read_session",
        tags=TAGS,
        summary="Get a session",
        description="While a number is being linked, poll it once per second. Its codes are shown "
        "to keys with the scope `manage` only.",
        responses={200: SnapshotSerializer, **problem_responses(404)},
    )
    def get(self, request: Request, session_id: UUID) -> Response:
        principal = principal_of(request)
        session = find(_rows(), principal, session_id)
        return Response(_shown(principal, session))


def _command(
    request: Request, session_id: UUID, ask: Callable[[Principal, Session], None]
) -> Response:
    """Store the command ``ask`` and respond with the session."""
    principal = principal_of(request)
    session: Session = find_writable(_rows(), principal, session_id)
    with conflict_at(NotPossible, NOT_POSSIBLE):
        ask(principal, session)
    return Response(_shown(principal, session), status=202)


class SessionRestart(ApiView):
    @extend_schema(
        operation_id="restart_session",
        tags=TAGS,
        summary="Restart a session",
        description="Reconnects a linked number. Otherwise requests a new QR code.",
        request=None,
        responses={202: SnapshotSerializer, **_COMMAND_PROBLEMS},
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        return _command(request, session_id, actions.restart)


class SessionStop(ApiView):
    @extend_schema(
        operation_id="stop_session",
        tags=TAGS,
        summary="Stop a session",
        description="Disconnects the number and keeps the link: a restart needs no new scan.",
        request=None,
        responses={202: SnapshotSerializer, **_COMMAND_PROBLEMS},
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        return _command(request, session_id, actions.stop)


class SessionUnlink(ApiView):
    @extend_schema(
        operation_id="unlink_session",
        tags=TAGS,
        summary="Unlink a number",
        description="Removes us from the linked devices of the phone and deletes the keys. "
        "Repeating it changes nothing.",
        request=None,
        responses={202: SnapshotSerializer, **problem_responses(404)},
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        return _command(request, session_id, _unlink)


def _unlink(principal: Principal, session: Session) -> None:
    if session.wanted != Wanted.UNLINKED:
        actions.unlink(principal, session)


class SessionPairingCode(ApiView):
    @extend_schema(
        operation_id="ask_pairing_code",
        tags=TAGS,
        summary="Request a pairing code",
        description="A code to type on the phone instead of scanning. Only while `status` is `qr`. "
        "It appears as `pairing_code` of the session within a second or two.",
        request=PairingSerializer,
        responses={
            202: SnapshotSerializer,
            **problem_responses(400, 404, 409, 413, 415, codes={409: (NOT_POSSIBLE,)}),
        },
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        def ask(principal: Principal, session: Session) -> None:
            body = PairingSerializer(data=request.data)
            body.is_valid(raise_exception=True)
            actions.ask_pairing_code(principal, session, body.validated_data["phone"])

        return _command(request, session_id, ask)
