"""Plain neonize in a process of its own, driven by JSON lines.

Run it with the environment of ``environment()`` in ``wire_harness.py``: SSL_CERT_FILE must be set
before the process starts. Each line on stdin is a command: {"id", "do", ...}. Each line on stdout
is an answer, {"id", "ok"} or {"id", "error"}, or an event of neonize, {"event", "client", ...}.
The process exits with os._exit when stdin closes, because neonize's threads never end.

It overwrites the 32 bytes of the pinned Noise root in its own memory, and on request the four
keepalive times. Files on disk stay unchanged.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import json
import os
import struct
import sys
import threading
import time
import traceback
import uuid
from pathlib import Path
from typing import Any

NOISE_ROOT = bytes.fromhex("142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b")
SECOND = 1_000_000_000
KEEPALIVE = struct.pack("<4q", 10 * SECOND, 20 * SECOND, 30 * SECOND, 180 * SECOND)
EVENTS = (
    "PairStatus",
    "Connected",
    "KeepAliveTimeout",
    "KeepAliveRestored",
    "LoggedOut",
    "StreamReplaced",
    "TemporaryBan",
    "ConnectFailure",
    "ClientOutdated",
    "StreamError",
    "Disconnected",
    "Message",
    "Receipt",
    "OfflineSyncPreview",
    "OfflineSyncCompleted",
    "UndecryptableMessage",
)


def overwrite(old: bytes, new: bytes) -> None:
    """Replace a constant in the writable memory of the library. Raises RuntimeError unless it
    occurs exactly once, ValueError if the lengths differ."""
    if len(old) != len(new):
        raise ValueError("the new constant must have the same length")
    hits = [start + at for start, size in _mappings() for at in _find(start, size, old)]
    if len(hits) != 1:
        raise RuntimeError(f"the constant was found in memory {len(hits)} times")
    ctypes.memmove(hits[0], new, len(new))


def _mappings() -> list[tuple[int, int]]:
    found = []
    with Path("/proc/self/maps").open() as maps:
        for line in maps:
            parts = line.split()
            if len(parts) == 6 and "neonize" in parts[5] and parts[1].startswith("rw"):
                start, end = (int(edge, 16) for edge in parts[0].split("-"))
                found.append((start, end - start))
    return found


def _find(start: int, size: int, needle: bytes) -> list[int]:
    data = ctypes.string_at(start, size)
    places, at = [], data.find(needle)
    while at >= 0:
        places.append(at)
        at = data.find(needle, at + 1)
    return places


class Driver:
    """Run commands, each on a thread of its own so that a slow one does not delay others."""

    def __init__(self, trust_root: bytes) -> None:
        import neonize
        from neonize import events
        from neonize.utils.log import log

        self._neonize, self._events = neonize, events
        log.setLevel(os.environ.get("NEONIZE_STDERR") or "CRITICAL")
        overwrite(NOISE_ROOT, trust_root)
        self._out = os.fdopen(os.dup(1), "w", buffering=1)
        self._silence()
        self._clients: dict[str, Any] = {}
        self._starting = threading.Lock()
        self._writing = threading.Lock()

    @staticmethod
    def _silence() -> None:
        """Redirect both standard streams, because Go prints to them."""
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        if not os.environ.get("NEONIZE_STDERR"):
            os.dup2(nothing, 2)

    def write(self, **fields: Any) -> None:
        """Write one line to the parent."""
        with self._writing:
            self._out.write(json.dumps({**fields, "at": time.monotonic()}) + "\n")

    def run(self, command: dict[str, Any]) -> None:
        """Run one command and write its answer."""
        try:
            handler = getattr(self, f"do_{command['do']}")
            self.write(id=command["id"], ok=handler(command))
        except Exception as error:
            self.write(
                id=command["id"],
                error=f"{type(error).__name__}: {error}",
                trace=traceback.format_exc(),
            )

    def do_start(self, command: dict[str, Any]) -> None:
        """{"client", "db", "proxy"?}: start a client; its events follow."""
        from neonize.client import NewClient

        name = command["client"]
        client = NewClient(command["db"], uuid=f"{name}-{uuid.uuid4()}")
        client._stop_finalizer.detach()
        client.event.qr(lambda _, text: self.write(event="QR", client=name, text=text.decode()))
        client._NewClient__onLoginStatus = lambda _, at: self.write(
            event="LoginStatus", client=name, status=ctypes.string_at(at).decode()
        )
        for kind in EVENTS:
            client.event(self._kind(kind))(self._handler(name, kind))
        self._clients[name] = client
        threading.Thread(
            target=self._connect, args=(name, client, command.get("proxy")), daemon=True
        ).start()
        if command.get("stored"):
            self._until_known(client)

    def _kind(self, kind: str) -> Any:
        return getattr(self._events, f"{kind}Ev")

    def _until_known(self, client: Any) -> None:
        """Hold the start lock until the client has its identity: concurrent starts crash Go."""
        with self._starting:
            deadline = time.monotonic() + 10
            while client.me is None and time.monotonic() < deadline:
                time.sleep(0.002)

    def _connect(self, name: str, client: Any, proxy: str | None) -> None:
        settings = None
        if proxy is not None:
            from neonize._binder import ProxySettings

            settings = ProxySettings(proxy_address=proxy)
        try:
            client.connect(settings)
            self.write(event="Returned", client=name)
        except Exception as error:
            self.write(event="ConnectError", client=name, text=str(error))

    def _handler(self, name: str, kind: str) -> Any:
        from google.protobuf.json_format import MessageToDict

        def handle(_: Any, message: Any) -> None:
            body = MessageToDict(message)
            if kind == "Message":
                body["text"] = (
                    message.Message.conversation or message.Message.extendedTextMessage.text
                )
                raw = message.Message.SerializeToString()
                self.write(event=kind, client=name, body=body, raw=base64.b64encode(raw).decode())
                return
            self.write(event=kind, client=name, body=body)

        return handle

    def do_stop(self, command: dict[str, Any]) -> None:
        """{"client"}: stop a client that is connected."""
        self._clients[command["client"]].stop()

    def do_logout(self, command: dict[str, Any]) -> None:
        """{"client"}: unlink this device from the client's side."""
        self._clients[command["client"]].logout()

    def do_me(self, command: dict[str, Any]) -> dict[str, Any]:
        """{"client"}: the client's own address."""
        me = self._clients[command["client"]].me
        return {"user": me.JID.User, "device": me.JID.Device}

    def do_pair_phone(self, command: dict[str, Any]) -> str:
        """{"client", "number"}: the pairing code to type on the phone."""
        code: str = self._clients[command["client"]].PairPhone(command["number"], True)
        return code

    def do_send(self, command: dict[str, Any]) -> str:
        """{"client", "to", "text"}: send a text to a number (digits); the message id."""
        sent = self._clients[command["client"]].send_message(command["to"], command["text"])
        message_id: str = sent.ID
        return message_id

    def do_send_presence(self, command: dict[str, Any]) -> None:
        """{"client"}: show this client as available. Raises until it knows its push name."""
        from neonize.utils.enum import Presence

        self._clients[command["client"]].send_presence(Presence.AVAILABLE)

    def do_send_document(self, command: dict[str, Any]) -> str:
        """{"client", "to", "data" (base64)}: send a file; the message id."""
        client = self._clients[command["client"]]
        data = base64.b64decode(command["data"])
        sent = client.send_document(self._jid(command["to"]), data, filename="file.bin")
        message_id: str = sent.ID
        return message_id

    def do_download(self, command: dict[str, Any]) -> str:
        """{"client", "message" (base64 of a waE2E Message)}: the file in it, base64."""
        from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message

        message = Message.FromString(base64.b64decode(command["message"]))
        data = self._clients[command["client"]].download_any(message)
        return base64.b64encode(data).decode()

    def do_mark_read(self, command: dict[str, Any]) -> None:
        """{"client", "message", "chat": {"User", "Server"}}: mark a message as read."""
        from neonize.utils.enum import ReceiptType

        chat = self._jid(**command["chat"])
        self._clients[command["client"]].mark_read(
            command["message"], chat=chat, sender=chat, receipt=ReceiptType.READ
        )

    def do_is_on_whatsapp(self, command: dict[str, Any]) -> list[bool]:
        """{"client", "numbers"}: which numbers ("+351...") have an account."""
        found = self._clients[command["client"]].is_on_whatsapp(*command["numbers"])
        return [user.IsIn for user in found]

    def do_keepalive(self, command: dict[str, Any]) -> None:
        """{"values" (seconds): [response deadline, shortest, longest, forced reconnect]}."""
        new = struct.pack("<4q", *(int(value * SECOND) for value in command["values"]))
        overwrite(KEEPALIVE, new)

    @staticmethod
    def _jid(User: str, Server: str = "s.whatsapp.net") -> Any:
        from neonize.utils.jid import build_jid

        return build_jid(User, Server)


def main() -> None:
    """Serve commands until stdin ends."""
    driver = Driver(bytes.fromhex(sys.argv[1]))
    driver.write(event="Ready")
    with contextlib.suppress(KeyboardInterrupt):
        for line in sys.stdin:
            command = json.loads(line)
            threading.Thread(target=driver.run, args=(command,), daemon=True).start()
    os._exit(0)


if __name__ == "__main__":
    main()
