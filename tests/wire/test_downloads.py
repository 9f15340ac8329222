"""Downloads whose client reads slowly or not at all, from the server as it ships."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import socket
import sqlite3
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import psutil
import pytest

from tests.servers import start_postgres
from tests.wire.product import EMAIL, PASSWORD, Product, Simulator, wait_for

pytestmark = pytest.mark.timeout(400)  # a client may leave a download unread for half a minute
FILE_BYTES = 48 * 1024 * 1024
MEMORY_BYTES = 40 * 1024 * 1024  # more than the process gains; a quarter of three files
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class SignedIn:
    """Alice's browser, without scripts: one request at a time, with her cookies."""

    def __init__(self, product: Product, email: str = EMAIL) -> None:
        self._product = product
        self._cookies: dict[str, str] = {}
        page = self.request("GET", "/sign-in/")[1]
        self.post("/sign-in/", page, login=email, password=PASSWORD)

    @property
    def headers(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return {"Cookie": cookies, "Origin": self._product.address}

    def request(self, method: str, path: str, body: str = "") -> tuple[int, str, str]:
        """Return the status, the page, and the Location of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self._product.port, timeout=60)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, body or None, {**self.headers, **form})
        response = connection.getresponse()
        page = response.read().decode(errors="replace")
        connection.close()
        for cookie in response.msg.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return response.status, page, response.headers.get("Location", "")

    def post(self, path: str, page: str, **fields: str) -> tuple[int, str, str]:
        """Submit a form of ``page``."""
        found = _TOKEN.search(page)
        assert found is not None, page[:500]
        return self.request("POST", path, urlencode({"csrfmiddlewaretoken": found[1], **fields}))

    def begin(self, path: str) -> socket.socket:
        """Request ``path`` and read nothing of the response."""
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        unread = socket.socket()
        unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        unread.connect(("127.0.0.1", self._product.port))
        unread.sendall("\r\n".join([*lines, "", ""]).encode())
        return unread


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def alone(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    shared_simulator: Simulator,
) -> Iterator[Product]:
    """A product of its own, whose memory no other test uses."""
    folder = tmp_path_factory.mktemp("downloads")
    with contextlib.ExitStack() as cleanup:
        environment = {}
        if request.param == "PostgreSQL":
            # Not in pytest's folder, which another run may close to PostgreSQL's user.
            of_server = Path(cleanup.enter_context(TemporaryDirectory(prefix="pairline-")))
            of_server.chmod(0o711)
            postgres = start_postgres(of_server / "postgres")
            cleanup.callback(postgres.cleanup)
            environment["DATABASE_URL"] = postgres.get_uri()
        running = Product(folder, shared_simulator, **environment).start()
        cleanup.callback(running.close)
        yield running


@pytest.fixture(scope="module")
def alice(alone: Product) -> SignedIn:
    return SignedIn(alone)


def make_bundles(product: Product, *emails: str) -> list[str]:
    """Make a support bundle of ``FILE_BYTES`` for the account of each user, who is created if
    necessary. Return their paths on the site."""
    bundles = {str(uuid.uuid4()): email for email in emails}
    folder = product.folder / "data" / "bundles"
    folder.mkdir(exist_ok=True)
    content = os.urandom(FILE_BYTES)
    for pk in bundles:
        (folder / f"{pk}.zip").write_bytes(content)
    product.manage(
        "shell", "--no-imports", "-c",
        "from django.utils import timezone; from locations.models import Member\n"
        "from locations.accounts.provisioning import create_customer\n"
        "from sessions_app.models import SupportBundle\n"
        f"for pk, email in {bundles}.items():\n"
        "    if not Member.objects.filter(user__email=email).exists():\n"
        "        create_customer(email=email, account=email,"
        f" password={PASSWORD!r}, locations=['Their place'])\n"
        "    account = Member.objects.get(user__email=email).account\n"
        "    SupportBundle.objects.create(pk=pk, account=account, state='ready', asked_by=email,"
        f" ready_at=timezone.now(), size={FILE_BYTES})\n",
    )  # fmt: skip
    return [f"/bundles/{pk}/file/" for pk in bundles]


def make_messages(product: Product, count: int) -> None:
    """Add ``count`` messages to alice's account that compress to about 1.5 kB each."""
    product.manage(
        "shell", "--no-imports", "-c",
        "import os; from conversations.models import Message;"
        "from locations.models import Location;"
        "from sessions_app.models import Session; place = Location.objects.first();"
        "session = Session.objects.create(account=place.account, location=place,"
        " status='disconnected', reason='unlinked', wanted='unlinked', created_by='alice');"
        "Message.objects.bulk_create((Message(account=place.account, session=session,"
        " direction='in', status='received', peer='+351911111111', text=os.urandom(1500).hex())"
        f" for _ in range({count})), batch_size=1000)",
    )  # fmt: skip


def memory(product: Product) -> int:
    assert product.process is not None
    return int(psutil.Process(product.process.pid).memory_info().rss)


def open_connections(product: Product) -> int:
    assert product.process is not None
    found = psutil.Process(product.process.pid).net_connections("tcp")
    return sum(one.status == "ESTABLISHED" and one.laddr.port == product.port for one in found)


def test_it_serves_the_whole_file_to_a_reader(alone: Product, alice: SignedIn) -> None:
    (path,) = make_bundles(alone, EMAIL)
    connection = http.client.HTTPConnection("127.0.0.1", alone.port, timeout=60)

    connection.request("GET", path, headers=alice.headers)
    content = connection.getresponse().read()

    assert len(content) == FILE_BYTES
    assert (
        content == (alone.folder / "data" / "bundles" / f"{Path(path).parts[2]}.zip").read_bytes()
    )
    connection.request("GET", "/healthz")  # the connection is still usable
    assert connection.getresponse().status == 200
    connection.close()


def unread(browser: SignedIn, path: str, count: int) -> list[socket.socket]:
    """Begin downloads of ``path`` of which nothing but the first bytes is read."""
    return [wait_for(partial(_begun, browser, path), "a download") for _ in range(count)]


def _begun(browser: SignedIn, path: str) -> socket.socket | None:
    one = browser.begin(path)
    if b"200" in one.recv(12):
        return one
    one.close()  # refused, because earlier ones have not ended yet
    return None


def test_it_holds_little_of_unread_downloads_in_memory(alone: Product, alice: SignedIn) -> None:
    (path,) = make_bundles(alone, EMAIL)
    before, connections = memory(alone), open_connections(alone)

    downloads = unread(alice, path, 3)
    status, _, location = alice.request("GET", path)

    assert (status, f"{location}file/") == (302, path)
    assert "3 of your downloads are still in progress" in alice.request("GET", location)[1]
    assert memory(alone) - before < MEMORY_BYTES
    wait_for(lambda: open_connections(alone) == connections, "the end of unread downloads", 120)
    assert memory(alone) - before < MEMORY_BYTES
    for one in downloads:
        one.close()


def test_it_writes_an_export_and_serves_it(alone: Product, alice: SignedIn) -> None:
    make_messages(alone, 20_000)
    before = memory(alone)

    path = make_export(alice)

    wait_for(lambda: "Your export is ready" in alice.request("GET", path)[1], "the export", 180)
    assert memory(alone) - before < MEMORY_BYTES
    downloads = unread(alice, f"{path}file/", 3)
    if alone.environment["DATABASE_URL"].startswith("sqlite"):
        wait_for(lambda: log_shrinks(alone), "a write-ahead log that shrinks")
    assert memory(alone) - before < MEMORY_BYTES
    for one in downloads:
        one.close()


def make_export(browser: SignedIn) -> str:
    """Request an export of the account, and return the path of its page."""
    page = browser.request("GET", "/settings/account/")[1]
    form = re.search(r'action="(/accounts/[^"]+/export/)"', page)
    assert form is not None
    status, answer, path = browser.post(form[1], page)
    assert status == 302 and path.startswith("/exports/"), answer
    return path


def log_shrinks(product: Product) -> bool:
    """Whether no reader keeps the write-ahead log of SQLite from being emptied."""
    path = product.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy and Path(f"{path}-wal").stat().st_size < 1_000_000


def test_it_holds_no_connection_for_unread_downloads(alone: Product, alice: SignedIn) -> None:
    """More of them than the pool of PostgreSQL has connections."""
    emails = [f"reader{number}@example.com" for number in range(5)]
    paths = make_bundles(alone, *emails)
    browsers = [(SignedIn(alone, email), path) for email, path in zip(emails, paths, strict=True)]
    connections = open_connections(alone)
    downloads = [one for browser, path in browsers for one in unread(browser, path, 3)]

    assert alice.request("GET", "/")[0] == 200
    # A page that had waited for a connection would have come after the end of a download.
    assert open_connections(alone) == connections + len(downloads)
    for one in downloads:
        one.close()
