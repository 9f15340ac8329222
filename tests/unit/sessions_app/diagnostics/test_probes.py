"""The probes: reaching a TLS server and its faults, ports, disk and folders."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sessions_app.diagnostics.probes import (
    Port,
    ProbeFault,
    Unreachable,
    disk_space,
    port_state,
    reach,
    try_to_write,
)
from sessions_app.store.whatsapp_route import Route

HOST = "127.0.0.1"
DAY = timedelta(days=1)
SECONDS = 5.0


def make_certificate(folder: Path, begins: datetime, ends: datetime) -> Path:
    """A self-signed certificate of this machine with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port at which ``serve`` takes each connection, one after another, on a thread."""
    with socket.create_server((HOST, 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    connection.settimeout(SECONDS)
                    serve(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(SECONDS)


def tls_server(
    certificate: Path, clock_ahead: float | None = 0.0
) -> Callable[[socket.socket], None]:
    """Serves HTTPS with a Date that is ``clock_ahead`` seconds wrong, or with none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(4096)
            date = ""
            if clock_ahead is not None:
                now = datetime.now(UTC) + timedelta(seconds=clock_ahead)
                date = f"Date: {format_datetime(now, usegmt=True)}\r\n"
            secured.sendall(f"HTTP/1.1 200 OK\r\n{date}Content-Length: 0\r\n\r\n".encode())

    return serve


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    now = datetime.now(UTC)
    return make_certificate(tmp_path, now - DAY, now + DAY)


def test_it_reaches_a_server_that_answers(certificate: Path) -> None:
    with listening(tls_server(certificate)) as port:
        reached = reach(Route(HOST, port, ca_file=str(certificate)), SECONDS)
    assert 0 < reached.seconds < SECONDS
    assert reached.ahead is not None and abs(reached.ahead) < 2


@pytest.mark.parametrize("wrong", [3_600.0, -3_600.0])
def test_it_finds_a_wrong_clock_by_the_servers_date(certificate: Path, wrong: float) -> None:
    with listening(tls_server(certificate, clock_ahead=wrong)) as port:
        reached = reach(Route(HOST, port, ca_file=str(certificate)), SECONDS)
    assert reached.ahead is not None and abs(reached.ahead + wrong) < 2


def test_it_reaches_a_server_without_a_date(certificate: Path) -> None:
    with listening(tls_server(certificate, clock_ahead=None)) as port:
        assert reach(Route(HOST, port, ca_file=str(certificate)), SECONDS).ahead is None


@pytest.mark.parametrize("days", [(-3, -1), (1, 3)])
def test_it_blames_the_clock_for_an_expired_certificate(
    tmp_path: Path, days: tuple[int, int]
) -> None:
    begins, ends = (datetime.now(UTC) + count * DAY for count in days)
    path = make_certificate(tmp_path, begins, ends)
    with listening(tls_server(path)) as port, pytest.raises(Unreachable) as caught:
        reach(Route(HOST, port, ca_file=str(path)), SECONDS)
    assert caught.value.fault is ProbeFault.CLOCK
    assert "this machine's clock" in str(caught.value)


def test_it_distrusts_an_unknown_certificate(certificate: Path) -> None:
    with listening(tls_server(certificate)) as port, pytest.raises(Unreachable) as caught:
        reach(Route(HOST, port), SECONDS)
    assert caught.value.fault is ProbeFault.NETWORK
    assert "not trusted" in str(caught.value)


def closed_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])


def test_it_reports_a_closed_port() -> None:
    with pytest.raises(Unreachable, match="Connection refused"):
        reach(Route(HOST, closed_port()), SECONDS)


def test_it_gives_up_on_a_silent_server() -> None:
    done = threading.Event()

    def say_nothing(connection: socket.socket) -> None:
        done.wait(SECONDS)

    with listening(say_nothing) as port:
        began = time.monotonic()
        with pytest.raises(Unreachable, match=r"no answer in 0\.3 s"):
            reach(Route(HOST, port), 0.3)
        done.set()
    assert time.monotonic() - began < SECONDS


def test_it_reports_a_server_without_tls() -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(b"hello\r\n" * 9)

    with listening(talk) as port, pytest.raises(Unreachable):
        reach(Route(HOST, port), SECONDS)


def proxy_to(port: int, seen: list[str], answer: str = "200 OK") -> Callable[[socket.socket], None]:
    """An HTTP proxy that connects all clients to ``port`` and records their requests."""

    def serve(client: socket.socket) -> None:
        seen.append(client.recv(4096).decode())
        client.sendall(f"HTTP/1.1 {answer}\r\n\r\n".encode())
        if not answer.startswith("200"):
            return
        with socket.create_connection((HOST, port)) as server:
            back = threading.Thread(target=_copy, args=(server, client), daemon=True)
            back.start()
            _copy(client, server)
            back.join(SECONDS)

    return serve


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(4096):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def test_it_connects_through_a_proxy_with_a_login(certificate: Path) -> None:
    seen: list[str] = []
    with listening(tls_server(certificate)) as port, listening(proxy_to(port, seen)) as proxy:
        address = f"http://al%40ice:pass@{HOST}:{proxy}"
        reach(Route(HOST, port, proxy=address, ca_file=str(certificate)), SECONDS)
    assert seen[0].startswith(f"CONNECT {HOST}:{port} HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic YWxAaWNlOnBhc3M=\r\n" in seen[0]


def test_it_reports_a_proxy_that_refuses() -> None:
    refusing = proxy_to(1, [], "407 Proxy Authentication Required")
    with listening(refusing) as proxy, pytest.raises(Unreachable, match="the proxy refused"):
        reach(Route(HOST, 443, proxy=f"http://{HOST}:{proxy}"), SECONDS)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://", "http://host:port"])
def test_it_reports_a_proxy_it_cannot_use(proxy: str) -> None:
    with pytest.raises(Unreachable):
        reach(Route(HOST, 443, proxy=proxy), SECONDS)


def test_it_finds_a_free_port() -> None:
    assert port_state(closed_port()) is Port.FREE


def test_it_finds_a_port_of_another_program() -> None:
    with listening(lambda connection: connection.sendall(b"hello\r\n")) as port:
        assert port_state(port) is Port.TAKEN


@pytest.mark.parametrize(("server", "state"), [("Pairline", Port.OURS), ("nginx", Port.TAKEN)])
def test_it_recognizes_its_own_port(server: str, state: Port) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(503)
            self.send_header("Server", server)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Keep quiet."""

    with HTTPServer((HOST, 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, daemon=True)
        thread.start()
        assert port_state(serving.server_port) is state
        serving.shutdown()
        thread.join(SECONDS)


def test_it_writes_a_real_file_and_removes_it(tmp_path: Path) -> None:
    try_to_write(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["missing", "file"])
def test_it_fails_on_a_read_only_folder(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"No such file|Not a directory"):
        try_to_write(tmp_path / folder)


def test_it_reads_the_free_space_from_the_system(tmp_path: Path) -> None:
    free, total = disk_space(tmp_path)
    assert 0 < free < total
