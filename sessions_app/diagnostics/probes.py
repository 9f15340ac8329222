"""Probes of the machine: disk, port, and the route to WhatsApp. Blocking, with timeouts."""

from __future__ import annotations

import base64
import http.client
import os
import secrets
import socket
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.security.tls import client_context
from sessions_app.store.whatsapp_route import Route

_PROBE_BYTES = 64 * 1024
_CERTIFICATE_TIMES = (9, 10)  # OpenSSL: not yet valid, has expired
_HEAD_BYTES = 16 * 1024


@dataclass(frozen=True)
class Reached:
    """``seconds`` until the TLS handshake was done; ``ahead``: by how many seconds our clock is
    ahead of the server's, None if it sent no date."""

    seconds: float
    ahead: float | None


class ProbeFault(StrEnum):
    NETWORK = "network"
    CLOCK = "clock"


class Unreachable(Exception):
    """The server cannot be reached; the text gives the reason."""

    def __init__(self, text: str, fault: ProbeFault = ProbeFault.NETWORK) -> None:
        super().__init__(text)
        self.fault = fault


def reach(route: Route, seconds: float) -> Reached:
    """Connect with TLS and request the time. Raises Unreachable, within ``seconds``."""
    began = time.monotonic()
    try:
        with _dial(route, seconds) as plain:
            context = client_context(route.ca_file)
            plain.settimeout(_left(began, seconds))
            with context.wrap_socket(plain, server_hostname=route.host) as secured:
                took = time.monotonic() - began
                return Reached(took, _ahead(secured, route.host))
    except ssl.SSLCertVerificationError as error:
        raise _untrusted(error) from None
    except socket.gaierror:
        raise Unreachable("the name cannot be resolved") from None
    except TimeoutError:
        raise Unreachable(f"no answer in {seconds:g} s") from None
    except (OSError, ValueError) as error:
        raise Unreachable(str(getattr(error, "strerror", "") or type(error).__name__)) from None


def _left(began: float, seconds: float) -> float:
    return max(0.05, began + seconds - time.monotonic())


def _untrusted(error: ssl.SSLCertVerificationError) -> Unreachable:
    if error.verify_code in _CERTIFICATE_TIMES:
        today = datetime.now(UTC).strftime("%Y-%m-%d")
        text = f"its certificate is not valid at the time of this machine's clock ({today})"
        return Unreachable(text, ProbeFault.CLOCK)
    return Unreachable(f"its certificate is not trusted ({error.verify_message})")


def _dial(route: Route, seconds: float) -> socket.socket:
    if not route.proxy:
        return socket.create_connection((route.host, route.port), timeout=seconds)
    began, proxy = time.monotonic(), urlsplit(route.proxy)
    if proxy.scheme not in ("http", "") or not proxy.hostname:
        raise Unreachable("only an http:// proxy can be checked")
    dialled = socket.create_connection((proxy.hostname, proxy.port or 80), timeout=seconds)
    try:
        dialled.settimeout(_left(began, seconds))
        login = _login(proxy.username, proxy.password)
        target = f"{route.host}:{route.port}"
        dialled.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{login}\r\n".encode())
        answer = _head(dialled).split(" ", 2)
        if len(answer) < 2 or answer[1] != "200":
            raise Unreachable("the proxy refused the connection")
    except BaseException:
        dialled.close()
        raise
    return dialled


def _login(user: str | None, password: str | None) -> str:
    if not user:
        return ""
    token = base64.b64encode(f"{unquote(user)}:{unquote(password or '')}".encode()).decode()
    return f"Proxy-Authorization: Basic {token}\r\n"


def _head(connection: socket.socket) -> str:
    """Read the head of an HTTP response, byte by byte, because TLS follows it."""
    head = b""
    while not head.endswith(b"\r\n\r\n") and len(head) < _HEAD_BYTES:
        byte = connection.recv(1)
        if not byte:
            break
        head += byte
    return head.decode("latin-1")


def _ahead(secured: ssl.SSLSocket, host: str) -> float | None:
    """Return by how many seconds our clock is ahead of the server's Date, or None if unknown."""
    try:
        secured.sendall(f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        lines = _head(secured).split("\r\n")
        dates = [line[5:].strip() for line in lines if line.lower().startswith("date:")]
        if not dates:
            return None
        # Date is cut off to whole seconds: half a second is the best estimate of the rest.
        theirs = parsedate_to_datetime(dates[0]).timestamp() + 0.5
        return time.time() - theirs
    except (OSError, ValueError):
        return None


def disk_space(folder: Path) -> tuple[int, int]:
    """Return the free and the total bytes of the disk of ``folder``. Raises OSError."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize


def try_to_write(folder: Path) -> None:
    """Write, sync and remove a file in ``folder``. Raises OSError."""
    probe = folder / f".write-test-{secrets.token_hex(6)}"
    try:
        with probe.open("xb") as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    finally:
        probe.unlink(missing_ok=True)


class Port(StrEnum):
    FREE = "free"
    OURS = "ours"
    TAKEN = "taken"
    FORBIDDEN = "forbidden"


def port_state(port: int) -> Port:
    """Return whether ``port`` of this machine is free, served by us, taken or forbidden."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            return Port.FORBIDDEN
        except OSError:
            return Port.OURS if _is_ours(port) else Port.TAKEN
    return Port.FREE


def _is_ours(port: int) -> bool:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/healthz")
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=2.0) as answer:
            return bool(answer.headers.get("Server") == "Pairline")
    except urllib.error.HTTPError as error:
        with error:
            return bool(error.headers.get("Server") == "Pairline")
    except (OSError, http.client.HTTPException):
        return False
