"""One run: one client object of the library, from its start to its end.

The library's call ``connect`` blocks for the life of the client, on a thread of its own, and
everything that happens is told from there. The rules that keep it from ending the process:
start and stop only in turn; stop only when the own identity is known or the call has returned;
a client at its QR can be hung up and forgotten, but never stopped.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from sessions_app.engine import errors, events, jids
from sessions_app.engine.errors import ErrorReply, StartRefused
from sessions_app.engine.jids import Jid
from sessions_app.engine.journal import Journal
from sessions_app.engine.keys.store import Keys
from sessions_app.engine.lid_lookup import LidLookup
from sessions_app.engine.neonize_api import ClientCallbacks, Library, LibraryError, SentMessage
from sessions_app.engine.protocol import EngineEvent, Signal, StartFailure
from sessions_app.engine.start_request import NOT_CONNECTED, CommandFailed, SendSignal, StartRequest
from sessions_app.engine.threads import LibraryHold, LibraryLock, SerialThread, timed

STOP_SECONDS = 4.0  # less than the gateway waits
FIRST_QR_TIMEOUT = 20.0
PROOF_SECONDS = 10.0


class Client:
    """A run. ``tell`` sends a line to the gateway."""

    def __init__(
        self,
        order: StartRequest,
        keys: Keys,
        journal: Journal,
        library: Library,
        turns: LibraryLock,
        gone: set[tuple[str, str]],
        tell: SendSignal,
    ) -> None:
        """``gone`` has the (store, address) pairs that WhatsApp has logged out here."""
        self.order = order
        self.journal = journal
        self._gone = gone
        self._keys, self._library, self._turns, self._tell = keys, library, turns, tell
        # Fresh for each client object: the library mixes up two clients of one name.
        self._uuid = uuid4().hex
        self._names = LidLookup(lambda hidden: library.number_of(self._uuid, hidden))
        self._sends = SerialThread(f"send-{order.run}")
        self._turn: LibraryHold | None = None
        self._changed = threading.Condition()  # guards what follows
        self._me: Jid | None = None
        self._codes = 0  # QRs shown
        self._stopping = False
        self._released = False  # the library was told to forget this client
        self._ended = False

    # What happens to the client

    def start(self) -> None:
        """Begin; everything else is told by events."""
        threading.Thread(target=self._live, name=f"run-{self.order.run}", daemon=True).start()

    def _live(self) -> None:
        try:
            self._replay()
            self._prepare()
            error = self._connect()
            self._end_told(error)
        except StartRefused as refused:
            self._refused(refused)
        except Exception:
            self._refused(StartRefused(StartFailure.OTHER, "The engine made a mistake."))
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
        for entry in left:
            self._send_event(entry)

    def _prepare(self) -> None:
        """Make sure of the keys. The library tells a logout before it deletes them, and a start
        that finds them in between would end the process."""
        if self.order.own_proxy:
            errors.check_proxy(self.order.proxy or "")
        jid = jids.text(self.order.jid) if self.order.jid else None
        if jid and (self._keys.name, jid) in self._gone:
            raise StartRefused(StartFailure.KEYS_MISSING, "WhatsApp has logged this number out.")
        self._keys.prepare(jid)

    def _connect(self) -> str:
        """Be connected until the client has ended; the library's error text."""
        self._turn = self._turns.acquire()
        if self._stopping:
            self._turn.release()
            return ""
        try:
            listener = ClientCallbacks(self._on_qr, self._on_login, self._on_event)
            return self._library.connect(
                self._uuid,
                self._keys.name,
                self.order.jid,
                self.order.device_name,
                self.order.proxy,
                listener,
            )
        finally:
            self._turn.release()
            self._release()

    def _end_told(self, error: str) -> None:
        if not error:
            return
        if self._me is None:
            self._refused(errors.classify_start(error, proxied=self.order.own_proxy))
        else:
            self._happened(errors.classify_lost_events(error))

    def _refused(self, refused: StartRefused) -> None:
        self._happened(
            {
                "event": EngineEvent.START_FAILED,
                "code": refused.code,
                "detail": refused.detail,
            }
        )

    def _known(self) -> None:
        """The start is past the point where another may begin."""
        if self._turn is not None:
            self._turn.release()

    def _on_qr(self, text: str) -> None:
        self._known()
        with self._changed:
            self._codes += 1
            self._changed.notify_all()
        self._happened(events.qr(text, self._codes, time.time()))

    def _on_login(self, status: str) -> None:
        self._known()
        event = events.login(status)
        if event is not None:
            self._happened(event)

    def _on_event(self, name: str, event: Any) -> None:
        if name == "Device":
            self._identified(jids.of(event.JID))
            return
        told = events.translate(name, event, self._me)
        if told is None:
            return
        if told["event"] == EngineEvent.LOGGED_OUT and self._me:
            self._gone.add((self._keys.name, jids.text(self._me)))
        if told["event"] in (EngineEvent.MESSAGE, EngineEvent.RECEIPT):
            # WhatsApp will not send these again, so they are told even while stopping.
            # WhatsApp may give only a person's hidden id; the key store may know the number.
            told["peer"] = told["peer"] or self._names.number(jids.hidden(told["chat"]))
            self._send_event(self.journal.append(told))
        else:
            self._happened(told)

    def _identified(self, me: Jid) -> None:
        self._known()
        self._gone.discard((self._keys.name, jids.text(me)))
        with self._changed:
            self._me = me
            self._changed.notify_all()
        if self._stopping:
            self._release_aside()

    def _happened(self, event: dict[str, Any]) -> None:
        if not self._stopping:
            self._send_event(event)

    def _send_event(self, event: dict[str, Any]) -> None:
        fields = {key: value for key, value in event.items() if key != "event"}
        self._tell(
            {
                "type": Signal.EVENT,
                "run": self.order.run,
                "event": event["event"],
                "at": time.time(),
                **fields,
            }
        )

    # What the gateway asks for

    def stop(self, seconds: float = STOP_SECONDS) -> bool:
        """End the client and keep its keys; nothing more is told of it but messages that are
        on their way. False when it had not ended after ``seconds``, or never will."""
        until = time.monotonic() + seconds
        self.journal.close()
        with self._changed:
            self._stopping = True
            self._changed.wait_for(lambda: self._ended or self._me or self._codes, seconds)
            identified, at_qr = self._me is not None, self._codes > 0
        if identified:
            self._release_aside()
        elif at_qr:
            # The library cannot end it; hung up, nobody can scan the QR that was shown.
            self._library.disconnect(self._uuid)
            return False
        return self.wait_ended(until - time.monotonic())

    def wait_ended(self, seconds: float) -> bool:
        """Wait for the end, ``seconds`` at most; whether it has come."""
        with self._changed:
            return self._changed.wait_for(lambda: self._ended, max(0.0, seconds))

    @property
    def ended(self) -> bool:
        return self._ended

    @property
    def abandoned(self) -> bool:
        """Whether this is a pairing that was given up and cannot be ended."""
        return self._stopping and self._codes > 0 and self._me is None and not self._ended

    def logout(self) -> None:
        """Remove the device at WhatsApp, delete its keys, end the client. Raises
        CommandFailed; the keys are still there then."""
        try:
            self._library.logout(self._identified_uuid())
        except LibraryError:
            raise CommandFailed(
                ErrorReply("not_connected", "WhatsApp could not be asked to remove the device.")
            ) from None
        if self.stop():
            self._keys.remove()

    def pair_code(self, phone: str) -> str:
        """A code to type on the phone ``phone`` (E.164). Raises CommandFailed."""
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
        """Send ``text`` to ``to`` (E.164). Raises CommandFailed."""
        uuid = self._identified_uuid()
        try:
            return self._library.send(uuid, to.removeprefix("+"), text, secret)
        except LibraryError as error:
            raise CommandFailed(errors.classify_send(str(error))) from None

    def in_order(self, job: Callable[[], None]) -> None:
        """Run ``job`` after the sends that were asked for before."""
        self._sends.add(job)

    def proof(self, seconds: float = PROOF_SECONDS) -> float:
        """How long WhatsApp takes to answer, in seconds. Raises CommandFailed."""
        uuid = self._identified_uuid()
        return timed(lambda: self._library.ask(uuid), seconds)

    def _identified_uuid(self) -> str:
        """The client's name in the library, for calls that it does not survive before its own
        identity is known or after its end."""
        if self._me is None or self._stopping or self._ended:
            raise CommandFailed(NOT_CONNECTED)
        return self._uuid

    # The end

    def _release_aside(self) -> None:
        threading.Thread(target=self._release, name=f"stop-{self.order.run}", daemon=True).start()

    def _release(self) -> None:
        """Have the library end and forget this client, once."""
        with self._changed:
            if self._released:
                return
            self._released = True
        with self._turns.acquire(), self._names.closed():
            self._library.stop(self._uuid)
