"""``/api/v1/locations/``: what can be linked."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from locations.access import visible
from locations.api_view import ApiView, principal_of
from locations.models import Location
from locations.paging import CURSOR, PageSerializer, page_of
from locations.problems import problem_responses


class LocationData(TypedDict):
    id: UUID
    name: str
    ghl_id: str
    created_at: datetime


def _show(row: Location) -> LocationData:
    return {"id": row.pk, "name": row.name, "ghl_id": row.ghl_id, "created_at": row.created_at}


class LocationSerializer(serializers.Serializer[Any]):
    """A location of your account."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    ghl_id = serializers.CharField(help_text="Its id at GoHighLevel; empty when not connected.")
    created_at = serializers.DateTimeField()


class LocationPageSerializer(PageSerializer):
    results = LocationSerializer(many=True)


class LocationList(ApiView):
    @extend_schema(
        operation_id="list_locations",
        tags=["Locations"],
        summary="List your locations",
        description="By name, 50 a page.",
        parameters=[CURSOR],
        responses={200: LocationPageSerializer, **problem_responses(400)},
    )
    def get(self, request: Request) -> Response:
        rows = visible(Location.objects.all(), principal_of(request))
        return page_of(rows, request, _show, ordering=("name", "id"))
