"""Which faults can be ordered, what they take, and what they do in one sentence each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from simulator.whatsapp.accounts import Accounts
from simulator.whatsapp.faults import Fault
from simulator.whatsapp.refusal import Refused

Range = Iterable[int]
Choice = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter: whole numbers in a range or words from a choice."""

    default: int | str
    allowed: Range | Choice

    def read(self, name: str, value: object) -> int | str:
        """The value; raises Refused."""
        if type(value) is not bool and isinstance(value, int | str) and value in self.allowed:
            return value
        raise Refused(f"{name!r} cannot be {value!r} here.", 400)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault. `stage` is when it hits: `now`, `dial`, `pairing`, `login`, `linked`."""

    stage: str
    title: str
    sentence: str
    params: dict[str, Param] = field(default_factory=dict)


CODE = range(1, 5000)
REASONS = (400, 401, 402, 403, 405, 406, 409, 429, 500, 503)

KINDS: dict[str, Kind] = {
    "close": Kind(
        "now",
        "Close",
        "Closes the websocket. The client is back at once.",
        {"code": Param(1001, CODE)},
    ),
    "reset": Kind("now", "Reset", "Resets the TCP connection. The client is back at once."),
    "xmlstreamend": Kind("now", "End the stream", "Says goodbye. The client is back at once."),
    "stream_503": Kind("now", "Stream error 503", "Server busy. The client is back at once."),
    "stream_515": Kind("now", "Ask for a restart", "Code 515. The client dials again, unseen."),
    "stream_error": Kind(
        "now",
        "Stream error",
        "Another code. The client tells it and is back at once.",
        {"code": Param(500, CODE)},
    ),
    "replaced": Kind("now", "Replace", "Another client took over. The client stays away."),
    "device_removed": Kind(
        "now", "Unlink on the phone", "The user removes the device. The client forgets its keys."
    ),
    "few_keys": Kind("now", "Use up keys", "Four one-time keys are left. The client uploads more."),
    "qr_drop": Kind("now", "Drop waiting codes", "Cuts every client that shows a code."),
    "silent_handshake": Kind("dial", "Say nothing", "Accepts the dial and never answers."),
    "refuse_dial": Kind(
        "dial",
        "Refuse the dial",
        "At the layer that you choose.",
        {"how": Param("tcp", ("tcp", "proxy", "tls", "noise"))},
    ),
    "refs": Kind(
        "dial",
        "Fewer codes",
        "Hands out so many codes, each valid for 20 s.",
        {"count": Param(2, range(1, 7))},
    ),
    "pair_hmac_wrong": Kind("pairing", "Wrong seal", "Seals the link wrongly. The client refuses."),
    "pair_signature_wrong": Kind(
        "pairing", "Wrong signature", "Signs the link wrongly. The client refuses."
    ),
    "no_515": Kind("pairing", "Forget the restart", "The client waits for it for ever."),
    "close_with_515": Kind(
        "pairing", "Restart and close at once", "The client may wait for ever, or be fine."
    ),
    "failure": Kind(
        "login",
        "Refuse the login",
        "With a reason: 401 unlinked, 402 banned, 405 outdated, 503 busy.",
        {
            "reason": Param(500, REASONS),
            "code": Param(101, CODE),
            "expire": Param(3600, range(1, 10**7)),
        },
    ),
    "no_success": Kind("login", "Never answer the login", "The client is connected to nothing."),
    "ping_silent": Kind("linked", "Ignore pings", "The client gives up after some minutes."),
    "message_error": Kind(
        "linked", "Refuse messages", "With an error number.", {"error": Param(463, range(400, 600))}
    ),
    "hold_acks": Kind(
        "linked",
        "Hold acknowledgements",
        "Passes messages on, but the sender does not learn of it.",
    ),
    "lose_receipts": Kind(
        "linked", "Lose receipts", "What the client confirmed comes again after a reconnect."
    ),
    "garble": Kind("linked", "Garble", "What phones write to it cannot be read at first."),
    "media_upload": Kind(
        "linked", "Fail uploads", "With an HTTP status.", {"status": Param(500, range(400, 600))}
    ),
    "media_download": Kind(
        "linked", "Fail downloads", "With an HTTP status.", {"status": Param(404, range(400, 600))}
    ),
}
BAN_ONLY = ("code", "expire")


def kind_of(body: dict[str, Any]) -> Kind:
    """The kind that an order names; raises Refused."""
    kind = KINDS.get(str(body.get("kind")))
    if kind is None:
        raise Refused("There is no such fault. Known: " + ", ".join(KINDS) + ".", 400)
    return kind


def params_of(body: dict[str, Any]) -> dict[str, int | str]:
    """The parameters of an order, with defaults; raises Refused."""
    kind = kind_of(body)
    params = {
        name: param.read(name, body.get(name, param.default)) for name, param in kind.params.items()
    }
    if body["kind"] == "failure" and params["reason"] != 402:
        params = {k: v for k, v in params.items() if k not in BAN_ONLY or k in body}
    return params


def standing(body: dict[str, Any], number: str | None, accounts: Accounts) -> Fault:
    """The standing fault that an order asks for; raises Refused.

    Before the login nobody knows a number, only who came through the proxy. A fault of that
    stage that names a number is aimed at the proxy users of that number's devices.
    """
    users = frozenset({str(body["proxy_user"])}) if body.get("proxy_user") else None
    if number is not None and users is None and kind_of(body).stage == "dial":
        users = _proxy_users(accounts, number)
    times = 1 if body.get("once") else body.get("times")
    if times is not None and (not isinstance(times, int) or times < 1):
        raise Refused("'times' must be a whole number from 1.", 400)
    return Fault(str(body["kind"]), number, users, times, dict(params_of(body)))


def _proxy_users(accounts: Accounts, number: str) -> frozenset[str]:
    account = accounts.by_number(number)
    devices = account.companions.values() if account else []
    users = frozenset(device.proxy_user for device in devices if device.proxy_user)
    if not users:
        raise Refused(
            "This fault hits before the login, where a number is known only by its "
            "proxy user, and this number has none."
        )
    return users
