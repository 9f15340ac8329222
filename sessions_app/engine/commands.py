"""Carries out the gateway's commands. Slow ones run on their own threads, so that reading the
next command never waits."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from core.data import bounds
from sessions_app.engine import jids
from sessions_app.engine.client import Client
from sessions_app.engine.clients import Clients
from sessions_app.engine.errors import ErrorReply, StartRefused
from sessions_app.engine.protocol import Command, ProtocolError, Signal, field
from sessions_app.engine.start_request import CommandFailed, SendSignal, StartRequest

SHUTDOWN_SECONDS = 3.0

Message = dict[str, Any]
Fields = Mapping[str, Any]
Work = Callable[[], Fields]


class Shutdown(Exception):
    """All clients have ended, as far as possible, and the process should end, too."""


_NO_RUN = ErrorReply("no_run", "This connection is not running here.")
_INTERNAL = ErrorReply("internal", "The engine had an internal error.")


class Commands:
    """Handles the gateway's messages. ``tell`` sends the answers."""

    def __init__(self, clients: Clients, tell: SendSignal) -> None:
        self._clients = clients
        self._tell = tell
        self._handlers: Mapping[Command, Callable[[Message], None]] = {
            Command.START: self._start,
            Command.STOP: self._stop,
            Command.LOGOUT: self._logout,
            Command.PAIR_CODE: self._pair_code,
            Command.SEND: self._send,
            Command.FIND_SENT: self._find_sent,
            Command.PROOF: self._proof,
            Command.STORED: self._stored,
            Command.SET_ASIDE: self._set_aside,
            Command.PING: self._ping,
            Command.SHUTDOWN: self._shutdown,
        }

    def handle(self, message: Message) -> None:
        """Carry out ``message``. An unexpected error, such as a full disk, fails this command only.
        Raises ProtocolError if it violates the protocol, and Shutdown."""
        try:
            command = Command(message["type"])
        except ValueError:
            raise ProtocolError("an unknown command") from None
        try:
            self._handlers[command](message)
        except (ProtocolError, Shutdown):
            raise
        except Exception as error:
            self._report_error(error)
            self._failed(message, _INTERNAL)

    def _start(self, message: Message) -> None:
        address = message.get("jid")
        try:
            jid = None if address is None else jids.parse(field(message, "jid", str))
        except ValueError as error:
            raise ProtocolError(f"start: {error}") from None
        own = None if message.get("proxy") is None else field(message, "proxy", str)
        request = StartRequest(
            field(message, "run", str),
            jid,
            field(message, "device_name", str),
            self._clients.proxy if own is None else own,
            own_proxy=own is not None,
        )
        try:
            self._clients.start(
                request, field(message, "store", str), field(message, "journal", str)
            )
        except ValueError as error:
            raise ProtocolError(f"start: {error}") from None
        self._succeeded(message)

    def _stop(self, message: Message) -> None:
        client = self._client(message)
        if client is None:
            self._succeeded(message, ended=True)
        else:
            self._in_background(message, lambda: {"ended": client.stop()})

    def _logout(self, message: Message) -> None:
        def work(client: Client) -> Fields:
            client.logout()
            return {}

        self._with_client(message, work)

    def _pair_code(self, message: Message) -> None:
        phone = field(message, "phone", str)
        self._with_client(message, lambda client: {"code": client.pair_code(phone)})

    def _proof(self, message: Message) -> None:
        self._with_client(message, lambda client: {"rtt": client.proof()})

    def _send(self, message: Message) -> None:
        to, text = field(message, "to", str), field(message, "text", str)
        secret = _hex(field(message, "secret", str))
        client = self._client(message)
        if client is None:
            self._failed(message, _NO_RUN)
            return

        def work() -> Fields:
            sent = client.send(to, text, secret)
            return {"whatsapp_id": sent.whatsapp_id, "at": bounds.unix_time(sent.at, time.time())}

        client.in_order(lambda: self._answer(message, work))

    def _find_sent(self, message: Message) -> None:
        keys = self._clients.keys(field(message, "store", str))
        secrets = field(message, "secrets", list)
        for secret in secrets:
            _hex(secret)
        self._in_background(message, lambda: {"found": keys.find_sent(secrets)})

    def _stored(self, message: Message) -> None:
        keys = field(message, "keys", list)
        client = self._client(message)
        if client is not None:
            client.journal.forget(keys)
        if "id" in message:
            self._succeeded(message)

    def _set_aside(self, message: Message) -> None:
        keys = field(message, "keys", list)
        client = self._client(message)
        if client is not None:
            client.journal.set_aside(keys)
        if "id" in message:
            self._succeeded(message)

    def _ping(self, message: Message) -> None:
        self._tell(
            {
                "type": Signal.PONG,
                "at": message.get("at"),
                "rss_mb": resident_mb(),
                "starts": self._clients.starts,
                "abandoned": self._clients.abandoned,
            }
        )

    def _shutdown(self, message: Message) -> None:
        self._clients.stop_all(SHUTDOWN_SECONDS)
        raise Shutdown

    def _client(self, message: Message) -> Client | None:
        return self._clients.get(field(message, "run", str))

    def _with_client(self, message: Message, work: Callable[[Client], Fields]) -> None:
        client = self._client(message)
        if client is None:
            self._failed(message, _NO_RUN)
        else:
            self._in_background(message, lambda: work(client))

    def _in_background(self, message: Message, work: Work) -> None:
        threading.Thread(
            target=self._answer, args=(message, work), name=f"{message['type']}", daemon=True
        ).start()

    def _answer(self, message: Message, work: Work) -> None:
        try:
            self._succeeded(message, **work())
        except CommandFailed as failed:
            self._failed(message, failed.reply)
        except StartRefused as refused:
            self._failed(message, ErrorReply(refused.code, refused.detail))
        except Exception:
            self._failed(message, _INTERNAL)
            raise

    @staticmethod
    def _report_error(error: Exception) -> None:
        """Log the type and position of ``error``, as for one that ends a thread."""
        hook = (type(error), error, error.__traceback__, threading.current_thread())
        threading.excepthook(threading.ExceptHookArgs(hook))

    def _succeeded(self, message: Message, **fields: Any) -> None:
        self._tell({"type": Signal.RESULT, "id": message.get("id"), "ok": True, **fields})

    def _failed(self, message: Message, refusal: ErrorReply) -> None:
        self._tell(
            {
                "type": Signal.RESULT,
                "id": message.get("id"),
                "ok": False,
                "code": refusal.code,
                "error": refusal.error,
            }
        )


def _hex(secret: object) -> bytes:
    try:
        value = bytes.fromhex(secret) if isinstance(secret, str) else b""
    except ValueError:
        value = b""
    if len(value) != 32:
        raise ProtocolError("a secret is not 64 hexadecimal digits")
    return value


def resident_mb() -> float:
    """Return the resident memory of this process in MB."""
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 (read often)
        pages = int(statm.read().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)
