"""The victim: opens pages, links numbers, receives and sends texts, and times all of it."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Any

import aiohttp

from bench.browser import Browser
from bench.http_client import PhoneMonitor, ProductApi
from bench.neighbours.listeners import WebhookReceiver
from bench.neighbours.outcome import Seen
from tests.wire.product import PATIENCE_SECONDS, Product

PAGES = ("/", "/numbers/")
PAGE_PAUSE, CODE_PAUSE, TEXT_PAUSE = 0.15, 2.0, 0.7  # seconds


class Victim:
    """Alice with one linked number and a webhook. ``proxy``: as a customer types it, for the new
    numbers; None to link them directly."""

    def __init__(
        self, product: Product, receiver: WebhookReceiver, proxy: dict[str, Any] | None = None
    ) -> None:
        self._product, self._receiver, self._proxy = product, receiver, proxy
        self._texts = itertools.count()
        self.session, self.number = product.link()
        self._friend = product.simulator.new_phone()
        self._places = [product.next_location() for _ in range(8)]
        body = {"url": receiver.url, "events": ["message.received"]}
        status, answer = product.api("POST", "webhooks/", body)
        assert status == 201, answer

    def version(self) -> int:
        """Return the version of the number's session, which changes with its status."""
        return int(self._product.snapshot(self.session)["version"])

    async def work(self, seconds: float) -> Seen:
        """Work for ``seconds``, and return what was seen."""
        seen, until = Seen(), time.monotonic() + seconds
        browser = await Browser.open(self._product)
        try:
            await asyncio.gather(
                self._read_pages(browser, seen, until),
                asyncio.to_thread(self._repeat, self._new_code, CODE_PAUSE, seen, until),
                asyncio.to_thread(self._repeat, self._receive, TEXT_PAUSE, seen, until),
                asyncio.to_thread(self._send_texts, seen, until),
            )
        finally:
            await browser.close()
        return seen

    async def _read_pages(self, browser: Browser, seen: Seen, until: float) -> None:
        for path in itertools.cycle(PAGES):
            if time.monotonic() > until:
                return
            began = time.monotonic()
            try:
                await browser.page(path)
            except (AssertionError, aiohttp.ClientError, TimeoutError):
                seen.errors += 1
            seen.pages.append(time.monotonic() - began)
            await asyncio.sleep(PAGE_PAUSE)

    def _repeat(self, act: Callable[[Seen], None], pause: float, seen: Seen, until: float) -> None:
        while time.monotonic() < until:
            try:
                act(seen)
            except (AssertionError, OSError):
                seen.errors += 1
            time.sleep(pause)

    def _new_code(self, seen: Seen) -> None:
        """Ask for a code in the next place, and unlink the session when it is there."""
        api, place = ProductApi(self._product), self._places.pop(0)
        began = time.monotonic()
        try:
            proxied = {"proxy": self._proxy} if self._proxy else {}
            body = {"location": place, **proxied}
            session = str(api.request("POST", "/api/v1/sessions/", body)["id"])
            shown, _ = api.until(session, lambda row: row["qr"] is not None)
            seen.codes.append(shown - began)
            api.unlink(session)
            self._places.append(place)
        except AssertionError:
            seen.codes.append(time.monotonic() - began)
            raise
        finally:
            api.close()

    def _receive(self, seen: Seen) -> None:
        text = f"in {next(self._texts)}"
        began = time.monotonic()
        self._product.simulator.write(self._friend, self.number, text)
        arrived = self._receiver.arrival(text, PATIENCE_SECONDS)
        seen.webhooks.append((arrived or time.monotonic()) - began)

    def _send_texts(self, seen: Seen, until: float) -> None:
        monitor = PhoneMonitor(self._product.simulator, self._friend)

        def send(seen: Seen) -> None:
            text, began = f"out {next(self._texts)}", time.monotonic()
            try:
                self._product.send(self.session, self._friend, text)
                seen.sends.append(monitor.arrival(text) - began)
            except AssertionError:
                seen.sends.append(time.monotonic() - began)
                raise

        self._repeat(send, TEXT_PAUSE, seen, until)
        monitor.close()
