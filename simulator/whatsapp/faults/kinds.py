"""The kinds of faults, with their parameters and a one-sentence description each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from simulator.whatsapp.accounts import Accounts
from simulator.whatsapp.errors import RequestError
from simulator.whatsapp.faults.standing import Fault

Range = Iterable[int]
Choice = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter: an integer from a range, or a word from a list."""

    default: int | str
    allowed: Range | Choice

    def read(self, name: str, value: object) -> int | str:
        """Validate a value and return it. Raises RequestError."""
        if type(value) is not bool and isinstance(value, int | str) and value in self.allowed:
            return value
        raise RequestError(f"{value!r} is not a valid value for {name!r}.", 400)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault. ``stage`` is when it occurs: now, dial, pairing, login or linked."""

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
        "Closes the websocket. The client reconnects at once.",
        {"code": Param(1001, CODE)},
    ),
    "reset": Kind("now", "Reset", "Resets the TCP connection. The client reconnects at once."),
    "xmlstreamend": Kind(
        "now", "End the stream", "Ends the XML stream. The client reconnects at once."
    ),
    "stream_503": Kind(
        "now", "Stream error 503", "Reports a busy server. The client reconnects at once."
    ),
    "stream_515": Kind(
        "now", "Request a restart", "Code 515. The client reconnects without an event."
    ),
    "stream_error": Kind(
        "now",
        "Stream error",
        "Sends another code. The client reports it and reconnects at once.",
        {"code": Param(500, CODE)},
    ),
    "replaced": Kind("now", "Replace", "Another client takes over. The client stays disconnected."),
    "device_removed": Kind(
        "now",
        "Unlink on the phone",
        "Removes the device on the phone. The client deletes its keys.",
    ),
    "few_keys": Kind("now", "Use up keys", "Leaves four one-time keys. The client uploads more."),
    "qr_drop": Kind("now", "Drop waiting codes", "Disconnects every client that shows a code."),
    "silent_handshake": Kind("dial", "Silent handshake", "Accepts the dial and never answers."),
    "refuse_dial": Kind(
        "dial",
        "Refuse the dial",
        "Refuses dials at the selected layer.",
        {"how": Param("tcp", ("tcp", "proxy", "tls", "noise"))},
    ),
    "refs": Kind(
        "dial",
        "Fewer codes",
        "Issues this many codes, each valid for 20 s.",
        {"count": Param(2, range(1, 7))},
    ),
    "pair_hmac_wrong": Kind("pairing", "Wrong HMAC", "Sends a wrong HMAC. The client refuses."),
    "pair_signature_wrong": Kind(
        "pairing", "Wrong signature", "Sends a wrong account signature. The client refuses."
    ),
    "no_515": Kind("pairing", "No restart", "Never sends code 515. The client waits forever."),
    "close_with_515": Kind(
        "pairing", "Restart and close at once", "The client may wait forever, or reconnect."
    ),
    "failure": Kind(
        "login",
        "Refuse the login",
        "Reasons: 401 unlinked, 402 banned, 405 outdated, 503 busy.",
        {
            "reason": Param(500, REASONS),
            "code": Param(101, CODE),
            "expire": Param(3600, range(10**12)),  # huge lengths wrap around in the library
        },
    ),
    "no_success": Kind("login", "Never answer the login", "Leaves the client without an answer."),
    "ping_silent": Kind("linked", "Ignore pings", "The client reconnects after some minutes."),
    "message_error": Kind(
        "linked",
        "Refuse messages",
        "Refuses with an error number.",
        {"error": Param(463, range(400, 600))},
    ),
    "hold_acks": Kind(
        "linked",
        "Hold acknowledgements",
        "Delivers messages without acknowledging them.",
    ),
    "lose_receipts": Kind(
        "linked", "Lose receipts", "Redelivers confirmed stanzas after a reconnect."
    ),
    "garble": Kind(
        "linked", "Garble messages", "Garbles messages from phones until they resend them."
    ),
    "unusual_times": Kind(
        "linked",
        "Unusual times",
        "Sends times in another unit, or of another age.",
        {"form": Param("milliseconds", ("milliseconds", "zero", "ahead", "largest"))},
    ),
    "long_texts": Kind(
        "linked",
        "Long texts",
        "Lengthens the texts from phones to this many characters.",
        {"characters": Param(1_200_000, range(1, 5_000_001))},
    ),
    "long_senders": Kind(
        "linked", "Long senders", "Lengthens the numbers of senders to 18 digits."
    ),
    "media_upload": Kind(
        "linked",
        "Fail uploads",
        "Responds with an HTTP status.",
        {"status": Param(500, range(400, 600))},
    ),
    "media_download": Kind(
        "linked",
        "Fail downloads",
        "Responds with an HTTP status.",
        {"status": Param(404, range(400, 600))},
    ),
}
BAN_ONLY = ("code", "expire")


def kind_of(body: dict[str, Any]) -> Kind:
    """Return the kind in the body of a request. Raises RequestError."""
    kind = KINDS.get(str(body.get("kind")))
    if kind is None:
        raise RequestError("Unknown fault. The kinds are: " + ", ".join(KINDS) + ".", 400)
    return kind


def params_of(body: dict[str, Any]) -> dict[str, int | str]:
    """Return the parameters in the body of a request, with defaults. Raises RequestError."""
    kind = kind_of(body)
    params = {
        name: param.read(name, body.get(name, param.default)) for name, param in kind.params.items()
    }
    if body["kind"] == "failure" and params["reason"] != 402:
        params = {k: v for k, v in params.items() if k not in BAN_ONLY or k in body}
    return params


def standing_fault(body: dict[str, Any], number: str | None, accounts: Accounts) -> Fault:
    """Return the standing fault in the body of a request. Raises RequestError.

    Before the login the server does not know a client's number, only its proxy user. A fault of
    stage ``dial`` with a number therefore targets the proxy users of that number's devices."""
    users = frozenset({str(body["proxy_user"])}) if body.get("proxy_user") else None
    if number is not None and users is None and kind_of(body).stage == "dial":
        users = _proxy_users(accounts, number)
    times = 1 if body.get("once") else body.get("times")
    if times is not None and (not isinstance(times, int) or times < 1):
        raise RequestError("'times' must be a positive integer.", 400)
    return Fault(str(body["kind"]), number, users, times, dict(params_of(body)))


def _proxy_users(accounts: Accounts, number: str) -> frozenset[str]:
    account = accounts.by_number(number)
    devices = account.companions.values() if account else []
    users = frozenset(device.proxy_user for device in devices if device.proxy_user)
    if not users:
        raise RequestError(
            "This fault occurs before the login, where a number is known only by its "
            "proxy user, and this number has none."
        )
    return users
