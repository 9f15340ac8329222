"""WhatsApp addresses: ``351912345678:4@s.whatsapp.net`` is device 4 of a phone number."""

from __future__ import annotations

import re
from typing import NamedTuple, Protocol

PHONE_SERVER = "s.whatsapp.net"
LID_SERVER = "lid"

_TEXT = re.compile(r"(\d{5,20})(?::(\d{1,5}))?@([a-z.]+)")


class Jid(NamedTuple):
    user: str
    device: int
    server: str


class ProtoJid(Protocol):
    """The protobuf message for an address in the library."""

    User: str
    Device: int
    Server: str


def parse(text: str) -> Jid:
    """Parse an address. Raises ValueError, whose message does not quote ``text``."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError("not a WhatsApp address with a number")
    return Jid(match[1], int(match[2] or 0), match[3])


def of(jid: ProtoJid) -> Jid:
    return Jid(jid.User, jid.Device, jid.Server)


def text(jid: Jid) -> str:
    """Format ``jid`` as in the key store: with ``:device`` unless the device is 0."""
    device = f":{jid.device}" if jid.device else ""
    return f"{jid.user}{device}@{jid.server}"


def phone(*jids: Jid) -> str:
    """Return the first phone number among ``jids`` in E.164, or "" if all are hidden (LID)."""
    for jid in jids:
        if jid.server == PHONE_SERVER and jid.user.isdigit():
            return f"+{jid.user}"
    return ""


def hidden(chat: str) -> str:
    """Return the hidden id (LID) in the address ``chat``, or "" if it is not hidden."""
    user, _, server = chat.partition("@")
    return user if server == LID_SERVER else ""
