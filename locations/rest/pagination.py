"""Pages of the API: 50 rows each, by cursor, so that new rows never shift what is read next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError as NotOfTheType
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

PAGE_SIZE = 50
NEWEST_FIRST = ("-created_at", "-id")
CURSOR = OpenApiParameter(
    "cursor", str, description="Where to go on: follow `next` and `previous` instead of making it."
)


class _Cursors(CursorPagination):
    page_size = PAGE_SIZE

    def __init__(self, ordering: tuple[str, ...]) -> None:
        self.ordering = ordering


def page_of(
    rows: QuerySet[Any],
    request: Request,
    show: Callable[[Any], Mapping[str, Any]],
    *,
    ordering: tuple[str, ...] = NEWEST_FIRST,
) -> Response:
    """The page of ``rows`` that ``request`` asks for: ``next``, ``previous`` (addresses or
    null) and ``results``, each as ``show`` gives it. Raises ValidationError for a cursor that
    is not one of ours."""
    cursors = _Cursors(ordering)
    try:
        page = cursors.paginate_queryset(rows, request)
    except (NotFound, NotOfTheType):
        raise ValidationError({"cursor": ["Follow next and previous as they are."]}) from None
    return cursors.get_paginated_response([show(row) for row in page or []])


class PageSerializer(serializers.Serializer[Any]):
    """One page. Subclasses add ``results``."""

    next = serializers.URLField(allow_null=True, help_text="The next page; null on the last.")
    previous = serializers.URLField(allow_null=True, help_text="The one before; null on the first.")
