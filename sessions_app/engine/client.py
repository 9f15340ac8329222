"""One run: one client object of the library, from its start to its end.

The library's ``connect`` blocks for the life of the client, on its own thread, and calls back
from there. Three rules keep the library from ending the process: starts and stops run one at a
time; a client is stopped only when its identity is known or ``connect`` has returned; a client
that shows a QR code can be disconnected and forgotten, but never stopped.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

from sessions_app.engine import errors, events, jids
from sessions_app.engine.engine_events import (
    EngineEvent,
    JournaledEvent,
    LoggedOut,
    StartFailed,
)
from sessions_app.engine.errors import ErrorReply, StartRefused
from sessions_app.engine.jids import Jid
from sessions_app.engine.journal import Journal
from sessions_app.engine.keys.store import Keys
from sessions_app.engine.lid_lookup import LidLookup
from sessions_app.engine.neonize_api import ClientCallbacks, Library, LibraryError, SentMessage
from sessions_app.engine.protocol import Signal, StartFailure
from sessions_app.engine.start_request import NOT_CONNECTED, CommandFailed, SendSignal, StartRequest
from sessions_app.engine.threads import LibraryHold, LibraryLock, SerialThread, timed

STOP_SECONDS = 4.0  # less than the gateway waits
FIRST_QR_TIMEOUT = 20.0
PROOF_SECONDS = 10.0


class Client:
    """A run. ``tell`` sends one line to the gateway."""

    def __init__(
        self,
        request: StartRequest,
        keys: Keys,
        journal: Journal,
        library: Library,
        library_lock: LibraryLock,
        gone: set[tuple[str, str]],
        tell: SendSignal,
    ) -> None:
        """``gone`` holds the (store, address) pairs that WhatsApp has logged out."""
        self.request = request
        self.journal = journal
        self._gone = gone
        self._keys, self._library, self._tell = keys, library, tell
        self._library_lock = library_lock
        # New for each client object: the library confuses two clients with one name.
        self._uuid = uuid4().hex
        self._lids = LidLookup(lambda hidden: library.number_of(self._uuid, hidden))
        self._sends = SerialThread(f"send-{request.run}")
        self._hold: LibraryHold | None = None
        self._changed = threading.Condition()  # guards what follows
        self._me: Jid | None = None
        self._codes = 0  # QR codes shown
        self._stopping = False
        self._released = False  # whether the library may forget this client
        self._ended = False

    # Events of the library

    def start(self) -> None:
        """Start connecting and return. Events report the rest."""
        threading.Thread(target=self._live, name=f"run-{self.request.run}", daemon=True).start()

    def _live(self) -> None:
        try:
            self._replay()
            self._prepare()
            error = self._connect()
            self._report_end(error)
        except StartRefused as refused:
            self._refused(refused)
        except Exception:
            self._refused(StartRefused(StartFailure.OTHER, "The engine had an internal error."))
            raise
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _replay(self) -> None:
        try:
            left = self.journal.open()
        except OSError as error:
            raise StartRefused(
                StartFailure.OTHER, f"The journal cannot be read ({error.strerror})."
            ) from None
        for event in left:
            self._send(event)

    def _prepare(self) -> None:
        """Check the keys. The library reports a logout before it deletes them, and a start that
        finds them in between would end the process."""
        if self.request.own_proxy:
            errors.check_proxy(self.request.proxy or "")
        jid = jids.text(self.request.jid) if self.request.jid else None
        if jid and (self._keys.name, jid) in self._gone:
            raise StartRefused(StartFailure.KEYS_MISSING, "WhatsApp has logged this number out.")
        self._keys.prepare(jid)

    def _connect(self) -> str:
        """Block until the client has ended. Returns the library's error text, or ""."""
        self._hold = self._library_lock.acquire()
        if self._stopping:
            self._hold.release()
            return ""
        try:
            listener = ClientCallbacks(self._on_qr, self._on_login, self._on_event)
            return self._library.connect(
                self._uuid,
                self._keys.name,
                self.request.jid,
                self.request.device_name,
                self.request.proxy,
                listener,
            )
        finally:
            self._hold.release()
            self._release()

    def _report_end(self, error: str) -> None:
        if not error:
            return
        if self._me is None:
            self._refused(errors.classify_start(error, proxied=self.request.own_proxy))
        else:
            self._report(errors.classify_lost_events(error))

    def _refused(self, refused: StartRefused) -> None:
        self._report(StartFailed(refused.code, refused.detail))

    def _let_next_start(self) -> None:
        """Let the next start begin: this one has passed the part that must run alone."""
        if self._hold is not None:
            self._hold.release()

    def _on_qr(self, text: str) -> None:
        self._let_next_start()
        with self._changed:
            self._codes += 1
            self._changed.notify_all()
        self._report(events.qr(text, self._codes, time.time()))

    def _on_login(self, status: str) -> None:
        self._let_next_start()
        event = events.login(status)
        if event is not None:
            self._report(event)

    def _on_event(self, name: str, library_event: Any) -> None:
        if name == "Device":
            self._identified(jids.of(library_event.JID))
            return
        event = events.translate(name, library_event, self._me)
        if isinstance(event, LoggedOut) and self._me:
            self._gone.add((self._keys.name, jids.text(self._me)))
        if isinstance(event, JournaledEvent):
            # WhatsApp does not send these again, so report them even while stopping.
            self._send(self.journal.append(self._with_number(event)))
        elif event is not None:
            self._report(event)

    def _with_number(self, event: JournaledEvent) -> JournaledEvent:
        """WhatsApp may give only a user's hidden id; the key store may have the number."""
        if event.peer:
            return event
        return replace(event, peer=self._lids.number(jids.hidden(event.chat)))

    def _identified(self, me: Jid) -> None:
        self._let_next_start()
        self._gone.discard((self._keys.name, jids.text(me)))
        with self._changed:
            self._me = me
            self._changed.notify_all()
        if self._stopping:
            self._release_in_background()

    def _report(self, event: EngineEvent) -> None:
        if not self._stopping:
            self._send(event)

    def _send(self, event: EngineEvent) -> None:
        now = time.time()
        envelope = {"type": Signal.EVENT, "run": self.request.run, "at": now}
        self._tell(envelope | event.bounded(now).to_wire())

    # Commands of the gateway

    def stop(self, seconds: float = STOP_SECONDS) -> bool:
        """End the client and keep its keys. Messages that arrive meanwhile are still reported,
        other events are not. Returns False if it has not ended after ``seconds``, or never will."""
        until = time.monotonic() + seconds
        self.journal.close()
        with self._changed:
            self._stopping = True
            self._changed.wait_for(lambda: self._ended or self._me or self._codes, seconds)
            identified, at_qr = self._me is not None, self._codes > 0
        if identified:
            self._release_in_background()
        elif at_qr:
            # The library cannot end it; once disconnected, its QR code cannot be scanned.
            self._library.disconnect(self._uuid)
            return False
        return self.wait_ended(until - time.monotonic())

    def wait_ended(self, seconds: float) -> bool:
        """Wait at most ``seconds`` for the end. Returns whether it has ended."""
        with self._changed:
            return self._changed.wait_for(lambda: self._ended, max(0.0, seconds))

    @property
    def ended(self) -> bool:
        return self._ended

    @property
    def abandoned(self) -> bool:
        """Whether this pairing was given up and cannot be ended."""
        return self._stopping and self._codes > 0 and self._me is None and not self._ended

    def logout(self) -> None:
        """Remove the device at WhatsApp, delete its keys and end the client. Raises CommandFailed,
        which leaves the keys in place."""
        try:
            self._library.logout(self._identified_uuid())
        except LibraryError:
            raise CommandFailed(
                ErrorReply("not_connected", "WhatsApp did not remove the device.")
            ) from None
        if self.stop():
            self._keys.remove()

    def pair_code(self, phone: str) -> str:
        """Return a code to type on the phone with number ``phone`` (E.164). Raises
        CommandFailed."""
        with self._changed:
            self._changed.wait_for(lambda: self._codes or self._me or self._ended, FIRST_QR_TIMEOUT)
            waiting = self._codes and not (self._me or self._ended or self._stopping)
        if not waiting:
            raise CommandFailed(
                ErrorReply("not_pairing", "This connection is not waiting for a phone.")
            )
        try:
            return self._library.pair_code(self._uuid, phone.removeprefix("+"))
        except LibraryError as error:
            raise CommandFailed(errors.classify_pair_code(str(error))) from None

    def send(self, to: str, text: str, secret: bytes) -> SentMessage:
        """Send ``text`` to the number ``to`` (E.164). Raises CommandFailed."""
        uuid = self._identified_uuid()
        try:
            return self._library.send(uuid, to.removeprefix("+"), text, secret)
        except LibraryError as error:
            raise CommandFailed(errors.classify_send(str(error))) from None

    def in_order(self, job: Callable[[], None]) -> None:
        """Run ``job`` after the sends that were requested before it."""
        self._sends.add(job)

    def proof(self, seconds: float = PROOF_SECONDS) -> float:
        """Return how many seconds WhatsApp takes to answer. Raises CommandFailed."""
        uuid = self._identified_uuid()
        return timed(lambda: self._library.ask(uuid), seconds)

    def _identified_uuid(self) -> str:
        """Return the client's name in the library, for calls that would end the process before
        the client's identity is known or after its end. Raises CommandFailed."""
        if self._me is None or self._stopping or self._ended:
            raise CommandFailed(NOT_CONNECTED)
        return self._uuid

    # Ending

    def _release_in_background(self) -> None:
        threading.Thread(target=self._release, name=f"stop-{self.request.run}", daemon=True).start()

    def _release(self) -> None:
        """Have the library end and forget this client, once."""
        with self._changed:
            if self._released:
                return
            self._released = True
        with self._library_lock.acquire(), self._lids.closed():
            self._library.stop(self._uuid)
