"""Cursor pagination with 50 rows per page: new rows never shift the next page."""

from __future__ import annotations

from collections.abc import Mapping
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
    "cursor",
    str,
    description="The position in the list. Use the `next` and `previous` URLs instead of "
    "building it yourself.",
)


class _Cursors(CursorPagination):
    page_size = PAGE_SIZE

    def __init__(self, ordering: tuple[str, ...]) -> None:
        self.ordering = ordering


def page_of(
    rows: QuerySet[Any],
    request: Request,
    serializer: type[serializers.Serializer[Any]],
    *,
    ordering: tuple[str, ...] = NEWEST_FIRST,
    context: Mapping[str, Any] | None = None,
) -> Response:
    """Return the page of ``rows`` that ``request`` asks for: ``next``, ``previous`` (URLs or
    null) and ``results``, written by ``serializer``. Raises ValidationError for an invalid
    cursor."""
    cursors = _Cursors(ordering)
    try:
        page = cursors.paginate_queryset(rows, request)
    except (NotFound, NotOfTheType):
        raise ValidationError({"cursor": ["Use the next and previous URLs as they are."]}) from None
    results = serializer(page, many=True, context=dict(context or {})).data
    return cursors.get_paginated_response(results)


class PageSerializer(serializers.Serializer[Any]):
    """One page of a list. Subclasses add ``results``."""

    next = serializers.URLField(
        allow_null=True, help_text="The URL of the next page; null on the last."
    )
    previous = serializers.URLField(
        allow_null=True, help_text="The URL of the previous page; null on the first."
    )
