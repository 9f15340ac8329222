"""Parse requests to the control API, and turn errors into responses."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from simulator.whatsapp.errors import ClientGone, RequestError
from simulator.whatsapp.wire.signal_session import SignalError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = logging.getLogger(__name__)


def parse_number(number: object) -> str:
    """Return the digits of an E.164 number. Raises RequestError."""
    text = str(number).strip().removeprefix("+").replace(" ", "")
    if not (text.isascii() and text.isdigit() and 7 <= len(text) <= 15):
        raise RequestError("Numbers must have the form +351912345678.", 400)
    return text


def decode_image(encoded: object) -> bytes:
    """Decode a base64 image, with or without a ``data:…,`` prefix. Raises RequestError."""
    try:
        return base64.b64decode(str(encoded).rpartition(",")[2], validate=True)
    except ValueError as error:
        raise RequestError("The image is not valid base64.", 400) from error


async def read_json(request: web.Request) -> dict[str, Any]:
    """Return the JSON object in a request, or ``{}`` if it is empty. Raises RequestError."""
    try:
        body = json.loads(await request.text() or "{}")
    except ValueError as error:
        raise RequestError("The request is not JSON.", 400) from error
    if not isinstance(body, dict):
        raise RequestError("The request must be a JSON object.", 400)
    return body


@web.middleware
async def same_origin_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse requests of other websites in the same browser."""
    origin = request.headers.get("Origin")
    foreign = origin is not None and origin != f"http://{request.host}"
    if foreign or request.host.partition(":")[0] not in ("127.0.0.1", "localhost"):
        return web.json_response(
            {"error": "Requests from other sites are not allowed."}, status=403
        )
    return await handler(request)


@web.middleware
async def error_responses(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into a JSON object with one sentence."""
    try:
        return await handler(request)
    except RequestError as error:
        return web.json_response({"error": str(error)}, status=error.status)
    except ClientGone as error:
        return web.json_response({"error": str(error)}, status=504)
    except SignalError as error:
        return web.json_response({"error": f"The message was not sent: {error}."}, status=409)
    except web.HTTPException as error:
        return web.json_response({"error": f"{error.reason}."}, status=error.status)
    except Exception:
        _log.exception("A control API request failed")
        return web.json_response({"error": "Internal error of the simulator."}, status=500)
