"""WhatsApp's addresses: ``351912345678:4@s.whatsapp.net`` is device 4 of a number."""

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
    """The library's own form of an address."""

    User: str
    Device: int
    Server: str


def parse(text: str) -> Jid:
    """The address in ``text``. Raises ValueError, which does not quote it."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError("not a WhatsApp address with a number")
    return Jid(match[1], int(match[2] or 0), match[3])


def of(jid: ProtoJid) -> Jid:
    return Jid(jid.User, jid.Device, jid.Server)


def text(jid: Jid) -> str:
    """As the key store writes it: with ``:device`` unless that is 0."""
    device = f":{jid.device}" if jid.device else ""
    return f"{jid.user}{device}@{jid.server}"


def phone(*jids: Jid) -> str:
    """The first phone number among ``jids``, in E.164; "" when all of them are hidden (LID)."""
    for jid in jids:
        if jid.server == PHONE_SERVER and jid.user.isdigit():
            return f"+{jid.user}"
    return ""


def hidden(chat: str) -> str:
    """The hidden id (LID) of the person in ``chat``; "" when the address is not hidden."""
    user, _, server = chat.partition("@")
    return user if server == LID_SERVER else ""
