"""The events that an engine reports about a run, each as a dataclass that encodes itself.

The engine creates them, the journal stores two kinds of them, and the gateway matches on their
types. On the wire an event is a flat JSON object: its name under ``event``, and its fields.
``from_wire`` validates the types of what it decodes, and ``bounded`` limits the values, so that
callers need no further checks.

Units: Unix time in seconds, E.164 numbers ("" where the number is not known).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, ClassVar, Self, get_type_hints

from core.data.bounded_types import (
    Address,
    Bound,
    Count,
    Detail,
    Identifier,
    Identifiers,
    Name,
    Number,
    OptionalTime,
    OptionalWord,
    Seconds,
    Text,
    UnixTime,
    Word,
    bound_of,
)
from sessions_app.engine.protocol import ProtocolError, StartFailure

_BY_NAME: dict[str, type[EngineEvent]] = {}


@dataclass(frozen=True)
class EngineEvent:
    """Base of the family. ``name`` identifies a subclass on the wire."""

    name: ClassVar[str]

    def __init_subclass__(cls, name: str = "") -> None:
        if name:
            cls.name = name
            _BY_NAME[name] = cls

    def to_wire(self) -> dict[str, Any]:
        """Return the event's name and fields, ready for JSON. Fields at their default are left
        out."""
        wire: dict[str, Any] = {"event": self.name}
        for layout in _layout(type(self)):
            value = getattr(self, layout.name)
            if layout.required or value != layout.default:
                wire[layout.name] = value
        return wire

    @classmethod
    def from_wire(cls, message: Mapping[str, Any]) -> Self:
        """Return the event in ``message``, ignoring fields it does not have.

        Raises ProtocolError when the name is unknown, is not of ``cls``, or a field is missing or
        of the wrong type. The error quotes no values."""
        kind = _BY_NAME.get(str(message.get("event")))
        if kind is None or not issubclass(kind, cls):
            raise ProtocolError("an event of an unexpected kind")
        values = {}
        for layout in _layout(kind):
            if layout.name in message:
                values[layout.name] = layout.read(message[layout.name])
            elif layout.required:
                raise ProtocolError(f"{kind.name}: field {layout.name} is missing")
        return kind(**values)

    def bounded(self, now: float) -> Self:
        """Return the event with each value inside its bounds (see ``core.data.bounds``). ``now`` is
        the Unix time that replaces times without a meaning."""
        return replace(
            self,
            **{
                layout.name: layout.bound(value, now)
                for layout in _layout(type(self))
                if (value := getattr(self, layout.name)) is not None and layout.bound
            },
        )


@dataclass(frozen=True)
class QrShown(EngineEvent, name="qr"):
    """A QR code to scan, the ``number``-th (from 1) of ``of``."""

    text: Text = field(repr=False)  # a credential
    number: Count
    of: Count
    expires_at: Seconds  # since 1970, by our own clock


@dataclass(frozen=True)
class QrTimeout(EngineEvent, name="qr_timeout"):
    """The codes ran out, or the server closed the connection during pairing."""


@dataclass(frozen=True)
class PairSuccess(EngineEvent, name="pair_success"):
    """The phone accepted the device. ``jid`` is the device's address ("351…:4@s.whatsapp.net")."""

    jid: Address
    phone: Number


@dataclass(frozen=True)
class PairError(EngineEvent, name="pair_error"):
    """Pairing failed; ``detail`` is the library's status."""

    detail: Detail


@dataclass(frozen=True)
class Connected(EngineEvent, name="connected"):
    """WhatsApp accepted the login of the device ``jid``."""

    jid: Address
    phone: Number


@dataclass(frozen=True)
class Disconnected(EngineEvent, name="disconnected"):
    """The connection dropped. The library reconnects by itself."""


@dataclass(frozen=True)
class KeepaliveTimeout(EngineEvent, name="keepalive_timeout"):
    """The ``count``-th keep-alive in a row got no answer."""

    count: Count


@dataclass(frozen=True)
class KeepaliveRestored(EngineEvent, name="keepalive_restored"):
    """Keep-alives are answered again."""


@dataclass(frozen=True)
class StreamError(EngineEvent, name="stream_error"):
    """WhatsApp sent a stream error; ``detail`` is its code."""

    detail: Detail


@dataclass(frozen=True)
class StreamReplaced(EngineEvent, name="stream_replaced"):
    """Another client with the same keys took the connection over."""


@dataclass(frozen=True)
class LoggedOut(EngineEvent, name="logged_out"):
    """WhatsApp removed the device. ``detail``: "401" removed, "403" locked, "406" banned."""

    detail: Detail


@dataclass(frozen=True)
class TemporaryBan(EngineEvent, name="temp_ban"):
    """WhatsApp blocks the number for ``seconds``; ``detail`` is the code of the cause."""

    detail: Detail
    seconds: Seconds


@dataclass(frozen=True)
class ClientOutdated(EngineEvent, name="client_outdated"):
    """WhatsApp does not accept this version of the library any more."""


@dataclass(frozen=True)
class ConnectFailure(EngineEvent, name="connect_failure"):
    """WhatsApp refused the login; ``detail`` is its code."""

    detail: Detail


@dataclass(frozen=True)
class StartFailed(EngineEvent, name="start_failed"):
    """The client could not start. ``detail`` is one line without secrets."""

    code: StartFailure
    detail: Detail


@dataclass(frozen=True)
class JournaledEvent(EngineEvent):
    """An event that WhatsApp does not send again. The journal keeps it under ``key`` until the
    ledger has stored it."""

    key: Identifier = field(default="", kw_only=True)
    peer: Number
    chat: Address


@dataclass(frozen=True)
class MessageReceived(JournaledEvent, name="message"):
    """A message of a one-to-one chat. ``phone_at`` is set when the number's own phone wrote it."""

    whatsapp_id: Identifier
    peer_name: Name
    text: Text = field(repr=False)
    media: OptionalWord  # "image", "video", …; None for plain text
    sent_at: UnixTime
    from_me: bool
    phone_at: OptionalTime = None


@dataclass(frozen=True)
class ReceiptReceived(JournaledEvent, name="receipt"):
    """A receipt for messages of ours; ``status`` is "delivered" or "read"."""

    whatsapp_ids: Identifiers
    status: Word
    sent_at: UnixTime


@dataclass(frozen=True)
class ProofOfLife(EngineEvent, name="proof"):
    """Evidence that the connection works, without other meaning (offline sync, …). ``phone_at``
    is set when the number's own phone caused it: when that was."""

    phone_at: OptionalTime = None


def _of(*kinds: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        # A bool is an int in Python, but not in JSON.
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise ProtocolError("an event with a field of the wrong type")
        return value

    return read


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ProtocolError("an event with a field of the wrong type")
    return tuple(map(_of(str), value))


def _start_failure(value: Any) -> StartFailure:
    try:
        return StartFailure(value)
    except ValueError:
        return StartFailure.OTHER


def _optional_time(value: Any) -> float:
    at = float(_of(int, float)(value))
    if not at >= 0:  # NaN is not, either
        raise ProtocolError("an event with a time before 1970")
    return at


_READERS: Mapping[Any, Callable[[Any], Any]] = {
    str: _of(str),
    int: _of(int),
    bool: _of(bool),
    float: _of(int, float),
    str | None: _of(str, type(None)),
    tuple[str, ...]: _texts,
    StartFailure: _start_failure,
    float | None: _optional_time,
}


@dataclass(frozen=True)
class _FieldLayout:
    name: str
    required: bool
    default: Any
    read: Callable[[Any], Any]
    bound: Bound | None  # None for types with a few values only


_LAYOUTS: dict[type[EngineEvent], tuple[_FieldLayout, ...]] = {}


def _layout(kind: type[EngineEvent]) -> tuple[_FieldLayout, ...]:
    if kind not in _LAYOUTS:
        plain, hints = get_type_hints(kind), get_type_hints(kind, include_extras=True)
        _LAYOUTS[kind] = tuple(
            _FieldLayout(
                one.name,
                one.default is MISSING,
                one.default,
                _READERS[plain[one.name]],
                bound_of(hints[one.name]),
            )
            for one in fields(kind)
        )
    return _LAYOUTS[kind]
