"""Faults that change what a client receives: times, texts and senders outside the usual bounds."""

from __future__ import annotations

import time
from dataclasses import replace

from simulator.whatsapp.faults.standing import Faults
from simulator.whatsapp.wire.binary_xml import USER_SERVER, Node, Value

THIRTY_YEARS = 30 * 31_536_000
LONG_NUMBER_DIGITS = 18


def timestamp(faults: Faults, number: str | None) -> str:
    """Return the time of a stanza for a client with ``number``, as a fault wants it."""
    fault = faults.take("unusual_times", number)
    forms = {
        "milliseconds": int(time.time() * 1000),
        "zero": 0,
        "ahead": int(time.time()) + THIRTY_YEARS,
        "largest": 2**63 - 1,
    }
    return str(forms[fault.params["form"]] if fault else int(time.time()))


def text(faults: Faults, number: str, written: str) -> str:
    """Return the text that a client with ``number`` receives for what was ``written``."""
    fault = faults.take("long_texts", number)
    return written if fault is None else written.ljust(int(fault.params["characters"]), "x")


def message(faults: Faults, number: str, stanza: Node) -> Node:
    """Return the ``stanza`` of a message as a client with ``number`` receives it."""
    if faults.take("long_senders", number) is None:
        return stanza
    return Node(stanza.tag, {k: _longer(v) for k, v in stanza.attrs.items()}, stanza.content)


def _longer(value: Value) -> Value:
    if isinstance(value, str) or value.server != USER_SERVER:
        return value
    return replace(value, user=value.user.ljust(LONG_NUMBER_DIGITS, "0"))
