"""Reads JSON bodies: in UTF-8, of a bounded size and depth, whatever the request claims."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from locations.problems import TooLarge


class StrictJSONParser(JSONParser):
    """``application/json``. Raises TooLarge, or ParseError when it is not JSON."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        context = dict(parser_context or {})
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if int(context["request"].META.get("CONTENT_LENGTH") or 0) > limit:
            raise TooLarge(limit)
        context["encoding"] = "utf-8"  # not what the header says: "zlib" is an encoding, too
        try:
            return super().parse(stream, media_type, context)
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None
