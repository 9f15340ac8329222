"""Resolve the host names that customers enter, with threads of their own.

The system's resolver blocks its thread, for half a minute if no name server responds. On shared
threads, a few such names of one customer would stop the look-ups of all. Here each account has a
few threads at once, every look-up has a time limit, and a name whose server does not respond keeps
its last good answer.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from ipaddress import ip_address

from core.background.last_answers import LastAnswers

SECONDS = 5.0
THREADS = 256
THREADS_AN_ACCOUNT = 4
WAITING_AN_ACCOUNT = 32

Addresses = list[str]
Ask = Callable[[str], Addresses]
"""name → IP addresses. Blocks. Raises OSError if the name is unknown, or UnicodeError."""


class NamesBusy(OSError):
    """The account has too many look-ups under way. Try again later."""


def ask_system(host: str) -> Addresses:
    """Return the IP addresses of ``host`` from the system's resolver. Raises OSError."""
    infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


@dataclass(eq=False)
class _LookUp:
    host: str
    account: Hashable
    answer: Future[Addresses] = field(default_factory=Future)


class Resolver:
    """Resolves names. Usable from any thread and any event loop."""

    def __init__(
        self,
        ask: Ask = ask_system,
        *,
        threads: int = THREADS,
        of_an_account: int = THREADS_AN_ACCOUNT,
        waiting_of_an_account: int = WAITING_AN_ACCOUNT,
    ) -> None:
        self._ask, self._threads, self._of_an_account = ask, threads, of_an_account
        self._waiting_of_an_account = waiting_of_an_account
        self._lock = threading.Lock()  # guards what follows
        self._busy: Counter[Hashable] = Counter()  # threads by account
        self._waiting: deque[_LookUp] = deque()
        self._under_way: dict[tuple[Hashable, str], _LookUp] = {}
        self._last = LastAnswers()

    async def resolve(self, host: str, account: Hashable, seconds: float = SECONDS) -> Addresses:
        """Return the IP addresses of ``host`` on behalf of ``account``. If no name server responds
        within ``seconds``, the last good answer.

        Raises TimeoutError, NamesBusy, another OSError if the name is unknown, or UnicodeError."""
        if _is_ip(host):
            return [host]
        look_up = self._begin(host, account)
        if look_up is not None:
            answer = asyncio.wrap_future(look_up.answer)
            answer.add_done_callback(lambda done: done.cancelled() or done.exception())
            await asyncio.wait({answer}, timeout=seconds)
        return self._result(host, look_up)

    def resolve_now(self, host: str, account: Hashable, seconds: float = SECONDS) -> Addresses:
        """Like ``resolve``, but block the thread meanwhile."""
        if _is_ip(host):
            return [host]
        look_up = self._begin(host, account)
        if look_up is not None:
            wait({look_up.answer}, seconds)
        return self._result(host, look_up)

    def _result(self, host: str, look_up: _LookUp | None) -> Addresses:
        """Return the answer of ``look_up``, which is None if the account had no room for it."""
        error: Exception = NamesBusy("too many look-ups of this account")
        if look_up is not None:
            error = TimeoutError("no name server responded in time")
            if look_up.answer.done():
                failure = look_up.answer.exception()
                if failure is None:
                    return look_up.answer.result()
                if not _is_temporary(failure):
                    raise failure
                error = OSError(*failure.args)
        with self._lock:
            known = self._last.get(host, time.monotonic())
        if not known:
            raise error
        return known

    def _begin(self, host: str, account: Hashable) -> _LookUp | None:
        """Return the look-up of ``host``, after starting or queueing it if there is none. Accounts
        do not share look-ups, or one account's full queue would delay another's name."""
        with self._lock:
            present = self._under_way.get((account, host))
            if present is not None:
                return present
            look_up = _LookUp(host, account)
            starts = self._has_room(account)
            if not starts and self._waits_of(account) >= self._waiting_of_an_account:
                return None
            self._under_way[account, host] = look_up
            if starts:
                self._busy[account] += 1
            else:
                self._waiting.append(look_up)
        if starts:
            self._start_thread(look_up)
        return look_up

    def _start_thread(self, look_up: _LookUp) -> None:
        # A daemon, so that a shutdown does not wait for name servers.
        thread = threading.Thread(target=self._work, args=(look_up,), name="resolver", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system allows no more threads
            self._finish(look_up, NamesBusy("no thread for a look-up"))

    def _has_room(self, account: Hashable) -> bool:
        return self._busy[account] < self._of_an_account and self._busy.total() < self._threads

    def _waits_of(self, account: Hashable) -> int:
        return sum(one.account == account for one in self._waiting)

    def _work(self, look_up: _LookUp | None) -> None:
        """Answer look-ups until none may start."""
        while look_up is not None:
            try:
                addresses = self._ask(look_up.host)
            except Exception as error:  # the thread goes on, or its place would be lost
                look_up = self._finish(look_up, error)
            else:
                look_up = self._finish(look_up, addresses)

    def _finish(self, ended: _LookUp, outcome: Addresses | Exception) -> _LookUp | None:
        """Publish the outcome, and return the look-up that may start now."""
        with self._lock:
            del self._under_way[ended.account, ended.host]
            if not isinstance(outcome, Exception):
                self._last.store(ended.host, outcome, time.monotonic())
            elif not _is_temporary(outcome):
                self._last.forget(ended.host)
            self._busy[ended.account] -= 1
            if not self._busy[ended.account]:
                del self._busy[ended.account]
            following = self._next()
        if isinstance(outcome, Exception):
            ended.answer.set_exception(outcome)
        else:
            ended.answer.set_result(outcome)
        return following

    def _next(self) -> _LookUp | None:
        """Take the oldest waiting look-up of the account with the fewest threads."""
        allowed = [one for one in self._waiting if self._busy[one.account] < self._of_an_account]
        if not allowed:
            return None
        chosen = min(allowed, key=lambda one: self._busy[one.account])
        self._waiting.remove(chosen)
        self._busy[chosen.account] += 1
        return chosen


def _is_temporary(error: BaseException) -> bool:
    """Return whether the name may exist, although there was no answer."""
    if isinstance(error, socket.gaierror):
        return error.errno in (socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_SYSTEM)
    return isinstance(error, OSError)


def _is_ip(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


NAMES = Resolver()
"""The resolver of this process, for proxies and webhooks together."""
