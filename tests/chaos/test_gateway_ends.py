"""The serving process stops or is killed, and starts again."""

from __future__ import annotations

import asyncio
import signal
import time

import aiohttp
import psutil
import pytest

from tests.wire.product import EMAIL, PASSWORD, Product, Simulator, wait_for


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_within_ten_seconds_and_leaves_nothing_behind(
    product: Product, number: int
) -> None:
    product.link()
    engines = product.engine_pids()
    assert len(engines) == 2

    began = time.monotonic()
    code = product.stop(number)

    assert code == 0, product.log()
    assert time.monotonic() - began < 10
    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in engines), "the engines' end")


def test_it_resumes_its_sessions_after_a_stop(product: Product) -> None:
    session, number = product.link()
    product.stop()

    product.start()

    assert product.until(session, status="ready")["phone_number"] == number


def test_it_resumes_its_sessions_after_a_kill(product: Product, simulator: Simulator) -> None:
    session, number = product.link()
    friend = simulator.new_phone()
    _kill_with_engines(product)
    simulator.write(friend, number, "Anybody there?")

    product.start()

    product.until(session, status="ready")
    wait_for(
        lambda: [m for m in product.messages(session) if m["text"] == "Anybody there?"],
        "the text that came meanwhile",
    )


def test_it_loses_no_incoming_text_across_kills(product: Product, simulator: Simulator) -> None:
    session, number = product.link()
    friend = simulator.new_phone()
    texts = [f"incoming {position}" for position in range(20)]

    for position, text in enumerate(texts):
        simulator.write(friend, number, text)
        if position in (6, 13):  # while texts are on their way into the ledger
            _kill_with_engines(product)
            product.start()

    product.until(session, status="ready")

    def arrived() -> bool:
        found = [m["text"] for m in product.messages(session) if m["direction"] == "in"]
        return sorted(found) == sorted(texts)

    wait_for(arrived, "every incoming text, each once")


def _kill_with_engines(product: Product) -> None:
    engines = product.engine_pids()
    product.kill()
    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in engines), "the engines' end")


async def test_it_closes_sockets_with_service_restart(product: Product) -> None:
    session, _ = await asyncio.to_thread(product.link)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        await _sign_in(browser, product)
        address = f"{product.address}/ws/sessions/{session}/"
        async with browser.ws_connect(address, headers={"Origin": product.address}) as socket:
            await socket.receive(timeout=30)
            stopping = asyncio.create_task(asyncio.to_thread(product.stop))
            message = await socket.receive(timeout=30)
            while message.type is aiohttp.WSMsgType.TEXT:
                message = await socket.receive(timeout=30)
            # Not ``socket.close_code``: that is 1006 if the server ends before our answer.
            assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1012)
            assert await stopping == 0


async def _sign_in(browser: aiohttp.ClientSession, product: Product) -> None:
    page = await (await browser.get(f"{product.address}/sign-in/")).text()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    answer = await browser.post(
        f"{product.address}/sign-in/",
        data={"login": EMAIL, "password": PASSWORD, "csrfmiddlewaretoken": token},
        headers={"Referer": product.address},
    )
    assert answer.status == 200
    assert not str(answer.url).endswith("/sign-in/")
