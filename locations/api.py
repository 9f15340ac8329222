"""``/api/v1/locations/``: the locations of an account."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from locations import actions
from locations.access import find, find_writable, visible
from locations.forms import ghl_id_validator, location_name
from locations.models import Location
from locations.rest.base_view import ApiView, principal_of
from locations.rest.fields import TextField
from locations.rest.pagination import CURSOR, PageSerializer, page_of
from locations.rest.problems import LOCATION_BUSY, conflict_at, problem_responses
from locations.rest.representation import represent
from locations.rest.schema import page_example, request_example, response_example

_EXAMPLE = {
    "id": "7f3f5a0e-5f0c-4c58-9c3e-2f6a4d9b1c22",
    "name": "Harbour Dental · Lisbon",
    "ghl_id": "ve9EPM428h8vShlRW1KT",
    "created_at": "2026-05-04T12:00:00Z",
}


@response_example("A location", _EXAMPLE)
class LocationSerializer(serializers.Serializer[Any]):
    """A location of your account."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    ghl_id = serializers.CharField(help_text="Its id in GoHighLevel; empty if not connected.")
    created_at = serializers.DateTimeField()


@request_example("A location", {"name": "Harbour Dental · Porto", "ghl_id": ""})
class NewLocationSerializer(serializers.Serializer[Any]):
    """The location to add."""

    name = TextField(max_length=120)
    ghl_id = TextField(
        max_length=64,
        default="",
        allow_blank=True,
        validators=[ghl_id_validator],
        help_text="Its id in GoHighLevel, if it has one.",
    )

    def validate_name(self, name: str) -> str:
        return location_name(name)


@page_example("The last page", _EXAMPLE)
class LocationPageSerializer(PageSerializer):
    results = LocationSerializer(many=True)


class LocationList(ApiView):
    @extend_schema(
        operation_id="list_locations",
        tags=["Locations"],
        summary="List your locations",
        description="Sorted by name, 50 per page.",
        parameters=[CURSOR],
        responses={200: LocationPageSerializer, **problem_responses(400)},
    )
    def get(self, request: Request) -> Response:
        rows = visible(Location.objects.all(), principal_of(request))
        return page_of(rows, request, LocationSerializer, ordering=("name", "id"))

    @extend_schema(
        operation_id="create_location",
        tags=["Locations"],
        summary="Add a location",
        description="To link a number to it, create a session.",
        request=NewLocationSerializer,
        responses={
            201: LocationSerializer,
            **problem_responses(400, 402, 404, 413, 415),
        },
    )
    def post(self, request: Request) -> Response:
        principal = principal_of(request)
        account = actions.account_to_add_to(principal)
        body = NewLocationSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            location = actions.add(account, **body.validated_data, by=principal)
        except actions.GhlIdTaken as error:
            raise serializers.ValidationError({"ghl_id": [str(error)]}) from None
        return Response(represent(LocationSerializer, location), status=201)


class LocationDetail(ApiView):
    @extend_schema(
        operation_id="read_location",
        tags=["Locations"],
        summary="Get a location",
        description="Its name and its id in GoHighLevel.",
        responses={200: LocationSerializer, **problem_responses(404)},
    )
    def get(self, request: Request, location_id: UUID) -> Response:
        location = find(Location.objects.all(), principal_of(request), location_id)
        return Response(represent(LocationSerializer, location))

    @extend_schema(
        operation_id="delete_location",
        tags=["Locations"],
        summary="Delete a location",
        description="Also deletes the history of its numbers. Unlink its number first.",
        responses={204: None, **problem_responses(404, 409, codes={409: (LOCATION_BUSY,)})},
    )
    def delete(self, request: Request, location_id: UUID) -> Response:
        principal = principal_of(request)
        location = find_writable(Location.objects.all(), principal, location_id)
        with conflict_at(actions.StillLinked, LOCATION_BUSY):
            actions.delete(location, by=principal)
        return Response(status=204)
