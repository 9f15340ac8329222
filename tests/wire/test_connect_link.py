"""A number is linked through a one-time link, by a person without an account."""

from __future__ import annotations

import re
from html import unescape
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, Request, build_opener

from tests.wire.product import EMAIL, PASSWORD, PATIENCE_SECONDS, Product, Simulator, wait_for


class Browser:
    """A browser with cookies, redirects and forms, but no scripts."""

    def __init__(self, product: Product) -> None:
        self._site = product.address
        self._open = build_opener(HTTPCookieProcessor(CookieJar())).open

    def look(self, path: str) -> tuple[int, str]:
        return self._ask(Request(self._site + path))  # noqa: S310  always http://127.0.0.1

    def send(self, path: str, **fields: str) -> tuple[int, str]:
        """Return the fields of the form at ``path``, including its CSRF token."""
        _, page = self.look(path)
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        form = {"csrfmiddlewaretoken": found[1]} if found else {}
        data = urlencode({**form, **fields}).encode()
        return self._ask(Request(self._site + path, data))  # noqa: S310

    def _ask(self, request: Request) -> tuple[int, str]:
        try:
            with self._open(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()


def _make_link(product: Product, location: str) -> str:
    """Create a link as alice, and return its path."""
    alice = Browser(product)
    alice.send("/sign-in/", login=EMAIL, password=PASSWORD)
    status, page = alice.send(f"/locations/{location}/links/", lifetime="1h")
    assert status == 200, page
    found = re.search(r"/link/[\w-]{43}/", page)
    assert found is not None, page
    return found[0]


def _code_on(phone: Browser, path: str) -> str | None:
    """The text of the code on the page: the demonstration's phones are offered it in a link."""
    offered = re.search(r'<a href="([^"]+)"[^>]*>Scan with a simulated phone', phone.look(path)[1])
    return parse_qs(urlsplit(unescape(offered[1])).fragment)["qr"][0] if offered else None


def test_it_links_a_number_without_an_account(product: Product, simulator: Simulator) -> None:
    location = product.next_location()
    path = _make_link(product, location)
    preview, phone = Browser(product), Browser(product)

    assert "Show the code" in preview.look(path)[1]
    assert product.api("GET", f"sessions/?location={location}")[1]["results"] == []

    phone.send(path)
    linked = simulator.scan(wait_for(lambda: _code_on(phone, path), "the code"))
    wait_for(lambda: "✅ Connected" in phone.look(path)[1], "the page to say so")

    session = product.api("GET", f"sessions/?location={location}")[1]["results"][0]
    assert product.until(session["id"], status="ready")["phone_number"] == linked["number"]
    assert linked["number"] not in phone.look(path)[1]
    assert preview.look(path)[0] == 404
    assert preview.send(path)[0] == 404
    assert path.split("/")[2] not in product.log()
