"""The manners of the control API: what a request must be, and how it is refused."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from simulator.whatsapp.refusal import HungUp, Refused
from simulator.whatsapp.signal_session import SignalError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = logging.getLogger(__name__)


def digits(number: object) -> str:
    """The digits of an E.164 number; raises Refused."""
    text = str(number).strip().removeprefix("+").replace(" ", "")
    if not (text.isascii() and text.isdigit() and 7 <= len(text) <= 15):
        raise Refused("A number must look like +351912345678.", 400)
    return text


def picture(encoded: object) -> bytes:
    """The bytes of a picture in base64, with or without `data:…,` in front; raises Refused."""
    try:
        return base64.b64decode(str(encoded).rpartition(",")[2], validate=True)
    except ValueError as error:
        raise Refused("The picture is not in base64.", 400) from error


async def body_of(request: web.Request) -> dict[str, Any]:
    """The JSON object in a request, `{}` when it is empty; raises Refused."""
    try:
        body = json.loads(await request.text() or "{}")
    except ValueError as error:
        raise Refused("The request is not JSON.", 400) from error
    if not isinstance(body, dict):
        raise Refused("The request must be a JSON object.", 400)
    return body


@web.middleware
async def own_page_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A foreign web page in the same browser must not reach this API."""
    origin = request.headers.get("Origin")
    foreign = origin is not None and origin != f"http://{request.host}"
    if foreign or request.host.partition(":")[0] not in ("127.0.0.1", "localhost"):
        return web.json_response({"error": "Only this machine's own page may ask."}, status=403)
    return await handler(request)


@web.middleware
async def sentences(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error is JSON with one sentence."""
    try:
        return await handler(request)
    except Refused as error:
        return web.json_response({"error": str(error)}, status=error.status)
    except HungUp as error:
        return web.json_response({"error": str(error)}, status=504)
    except SignalError as error:
        return web.json_response({"error": f"The message was not sent: {error}."}, status=409)
    except web.HTTPException as error:
        return web.json_response({"error": f"{error.reason}."}, status=error.status)
    except Exception:
        _log.exception("a control call failed")
        return web.json_response({"error": "The simulator made a mistake."}, status=500)
