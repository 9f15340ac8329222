"""A typed wrapper of neonize's C functions.

Outside it, the only untyped objects are the library's event messages, which ``events.py`` and
``message_content.py`` read."""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sessions_app.engine import errors, neonize_loader
from sessions_app.engine.jids import LID_SERVER, PHONE_SERVER, Jid

_CHROME = 1
_PAIRING_BROWSER = "Chrome (Linux)"  # WhatsApp accepts only well-known browsers here
_GO_LEVELS = {"error": b"ERROR", "warning": b"WARN", "info": b"INFO", "debug": b"DEBUG"}


@dataclass(frozen=True)
class ClientCallbacks:
    """The callbacks of a client. They run on its own thread while ``Library.connect`` blocks."""

    on_qr: Callable[[str], None]
    on_login: Callable[[str], None]  # success, timeout, error, err-…, passkey-request, …
    on_event: Callable[[str, Any], None]  # the event's name and its message


@dataclass(frozen=True)
class SentMessage:
    """WhatsApp's acknowledgement of a sent message."""

    whatsapp_id: str
    at: float  # Unix time in seconds, by WhatsApp's clock


class LibraryError(Exception):
    """An error text of the library. Never show or log it: it may contain phone numbers."""


class Library:
    """neonize's functions. ``client`` is always the uuid that was passed to ``connect``."""

    def __init__(self, log_level: str, log: Callable[[str, str, str], None]) -> None:
        """Load the library. It calls ``log(level, logger, message)`` from any thread, with
        unredacted messages. Raises LibraryUnavailable."""
        self._loaded = neonize_loader.load()
        self._binder, self._types, self.version = self._loaded
        self._go = self._binder.gocode
        self._level = _GO_LEVELS[log_level]
        self._log = log
        # Go may log after a client has ended, so this callback must live as long as the process.
        self._on_log = self._binder.func_callback_bytes2(self._forward_log)

    def _forward_log(self, address: int, size: int) -> None:
        entry = self._types.LogEntry.FromString(ctypes.string_at(address, size))
        self._log(entry.Level, entry.Name, entry.Message)

    def connect(
        self,
        client: str,
        store: str,
        jid: Jid | None,
        name: str,
        proxy: str | None,
        callbacks: ClientCallbacks,
    ) -> str:
        """Connect, and block until the client has ended. Return the library's error text, or ""
        after a stop.

        ``jid`` None pairs a new device, which the phone shows as ``name``. An abandoned pairing
        never returns. Hold the ``LibraryLock`` while calling, until the client is known."""
        address = self._jid(jid.user, jid.device).SerializeToString() if jid else b""
        device = self._properties(name)
        subscribed = bytes(neonize_loader.SUBSCRIBED_EVENTS)
        # This frame keeps the callbacks alive as long as Go uses them.
        on_qr = self._binder.func_string(lambda _, text: callbacks.on_qr(_text(text)))
        on_login = self._binder.func_string(lambda _, text: callbacks.on_login(_text(text)))
        on_event = self._binder.func_callback_bytes(
            lambda _, at, size, number: callbacks.on_event(*self._event(number, at, size))
        )
        settings = self._binder.ProxySettings(proxy_address=proxy)._to_c_struct() if proxy else None
        error = self._go.Neonize(
            store.encode(),
            client.encode(),
            address,
            len(address),
            int(jid is None),
            self._level,
            on_qr,
            on_login,
            on_event,
            self._on_log,
            subscribed,
            len(subscribed),
            device,
            len(device),
            b"",
            0,
            ctypes.byref(settings) if settings else None,
        )
        return bytes(error or b"").decode(errors="replace")

    def _event(self, number: int, address: int, size: int) -> tuple[str, Any]:
        name = neonize_loader.EVENTS[number]
        return name, getattr(self._types, name).FromString(ctypes.string_at(address, size))

    def _jid(self, user: str, device: int = 0, server: str = PHONE_SERVER) -> Any:
        return self._types.JID(
            User=user,
            Device=device,
            Server=server,
            RawAgent=0,
            Integrator=0,
            IsEmpty=False,
        )

    def _properties(self, name: str) -> bytes:
        kind = _companion().DeviceProps
        return bytes(kind(os=name, platformType=kind.CHROME).SerializeToString())

    def stop(self, client: str) -> None:
        """End ``client``. Call it only after its identity is known or its ``connect`` has
        returned; earlier calls crash the process. Hold the ``LibraryLock`` while calling."""
        self._go.Stop(client.encode())

    def disconnect(self, client: str) -> None:
        """Close the connection, which makes the QR code useless. The library keeps the client."""
        self._go.Disconnect(client.encode())

    def logout(self, client: str) -> None:
        """Unlink the device at WhatsApp and delete its keys. Raises LibraryError."""
        _raise(self._go.Logout(client.encode()).decode())

    def pair_code(self, client: str, number: str) -> str:
        """Request a code like "ABCD-EFGH" for the phone ``number`` (digits). Raises
        LibraryError."""
        request = self._types.PairPhoneParams(
            phone=number,
            showPushNotification=True,
            clientType=_CHROME,
            clientDisplayName=_PAIRING_BROWSER,
        ).SerializeToString()
        answer = self._types.PairPhoneReturnFunction.FromString(
            self._go.PairPhone(client.encode(), request, len(request))
        )
        _raise(answer.Error)
        return str(answer.Code)

    def send(self, client: str, number: str, text: str, secret: bytes) -> SentMessage:
        """Send ``text`` to the phone ``number`` (digits), and wait up to 75 s for WhatsApp's
        acknowledgement. The library stores ``secret`` before it sends anything. Raises
        LibraryError."""
        message = _e2e().Message(conversation=text)
        message.messageContextInfo.messageSecret = secret
        to, body = self._jid(number).SerializeToString(), message.SerializeToString()
        answer = self._types.SendMessageReturnFunction.FromString(
            self._go.SendMessage(client.encode(), to, len(to), body, len(body))
        )
        _raise(answer.Error)
        return SentMessage(answer.SendResponse.ID, float(answer.SendResponse.Timestamp))

    def ask(self, client: str) -> None:
        """Run a cheap query that WhatsApp answers at once. Raises LibraryError."""
        answer = self._types.GetBlocklistReturnFunction.FromString(
            self._go.GetBlocklist(client.encode())
        )
        _raise(answer.Error)

    def devices(self, store: str) -> set[str]:
        """Migrate the tables of a key store, and return its addresses. Leaks a file handle.
        Raises StartRefused."""
        answer = self._go.GetAllDevices(store.encode(), self._on_log).decode(errors="replace")
        if answer.startswith("error: "):
            raise errors.classify_start(answer)
        return {device.partition(",")[0] for device in answer.split("|\x01|") if device}

    def number_of(self, client: str, hidden: str) -> str:
        """Return the number (digits) behind a hidden id, or "" if it is unknown. Crashes the
        process if ``client`` has been stopped."""
        jid = self._jid(hidden, server=LID_SERVER).SerializeToString()
        answer = self._types.GetJIDFromStoreReturnFunction.FromString(
            self._go.GetPNFromLID(client.encode(), jid, len(jid))
        )
        return "" if answer.Error else str(answer.Jid.User)

    def trust(self, root: bytes) -> None:
        """Trust the root key ``root`` (32 bytes) instead of WhatsApp's. Raises
        LibraryUnavailable."""
        neonize_loader.trust(self._loaded, root)


def _companion() -> Any:
    return importlib.import_module("neonize.proto.waCompanionReg.WAWebProtobufsCompanionReg_pb2")


def _e2e() -> Any:
    return importlib.import_module("neonize.proto.waE2E.WAWebProtobufsE2E_pb2")


def _text(address: int) -> str:
    return ctypes.string_at(address).decode(errors="replace")


def _raise(error: str) -> None:
    if error:
        raise LibraryError(error)
