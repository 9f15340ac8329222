"""From the sign-in to messages in both directions, as a user does it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.conftest import OpenPage
from tests.wire.product import Product, Simulator, wait_for


def create_connection(page: Page, location: str) -> str:
    """Create a connection for ``location`` on the pages, and return the id of the session."""
    page.goto("/")
    page.get_by_role("link", name="Connect WhatsApp").click()
    page.get_by_label("Location").select_option(location)
    page.get_by_role("button", name="Create connection").click()
    page.wait_for_url("**/sessions/*/")
    return page.url.rstrip("/").rsplit("/", 1)[1]


def shown_code(page: Page, product: Product, session: str) -> str:
    """Return the text of the code on the screen, read from its image."""
    expect(page.get_by_role("img", name=re.compile("QR code"))).to_be_visible()

    def same() -> str | None:
        drawn = page.locator(".qr path").nth(1).get_attribute("d")
        code = product.snapshot(session)["qr"]
        return str(code["text"]) if code and drawn and drawn in code["svg"] else None

    code = wait_for(same, "the page to show the present code")
    assert code is not None
    return code


def send(page: Page, to: str, text: str) -> None:
    page.get_by_label("To", exact=True).fill(to)
    page.get_by_label("Text").fill(text)
    page.get_by_role("button", name="Send", exact=True).click()


def test_it_links_a_number_and_exchanges_messages(
    open_page: OpenPage, product: Product, simulator: Simulator
) -> None:
    page = open_page()
    session = create_connection(page, product.next_location())
    expect(page.get_by_role("status")).to_have_text("Scan this code with the phone")
    expect(page.get_by_text("Code 1 of 6")).to_be_visible()
    expect(page.get_by_text(re.compile(r"new one in \d+ s"))).to_be_visible()
    page.evaluate("document.body.dataset.stayed = 'yes'")

    number = simulator.scan(shown_code(page, product, session))["number"]

    expect(page.get_by_role("status")).to_have_text("✅ Connected")
    digits = re.sub(r"\D", "", page.locator("#figure .number").inner_text())
    assert digits == number.lstrip("+")
    expect(page.locator("#uptime")).to_contain_text("100 %")

    friend = simulator.new_phone(name="Bea")
    send(page, friend, "Your table is ready")
    mine = page.get_by_role("listitem").filter(has_text="Your table is ready")
    expect(mine).to_contain_text("Delivered")
    simulator.open_chat(friend, number)
    expect(mine).to_contain_text("Read")
    simulator.write(friend, number, "On my way")
    expect(page.get_by_role("listitem").filter(has_text="On my way")).to_be_visible()
    assert page.evaluate("document.body.dataset.stayed") == "yes", "the page was reloaded"


def test_it_works_without_javascript(
    open_page: OpenPage, product: Product, simulator: Simulator
) -> None:
    page = open_page(java_script_enabled=False)
    session = create_connection(page, product.next_location())

    simulator.scan(shown_code(page, product, session))

    expect(page.get_by_role("status")).to_have_text("✅ Connected")
    friend = simulator.new_phone()
    send(page, friend, "Without a script")
    wait_for(lambda: product.messages(session)[0]["status"] == "delivered", "the message to arrive")
    page.reload()
    mine = page.get_by_role("listitem").filter(has_text="Without a script")
    expect(mine).to_contain_text("Delivered")

    page.get_by_text("More").click()
    page.get_by_role("link", name="Unlink").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Unlink +")
    page.get_by_role("button", name="Unlink").click()
    product.until(session, status="disconnected", reason="unlinked")
    page.reload()
    expect(page.get_by_role("status")).to_have_text("Unlinked")


def test_it_links_with_a_typed_code(
    open_page: OpenPage, product: Product, simulator: Simulator
) -> None:
    page = open_page()
    create_connection(page, product.next_location())
    number = simulator.new_phone()

    page.get_by_role("link", name="Link with a code instead").click()
    page.get_by_label("Number of the phone").fill("not a number")
    page.get_by_role("button", name="Get a code").click()
    expect(page.get_by_text("Write the number with +")).to_be_visible()
    type_the_code(page, simulator, number)

    expect(page.get_by_role("status")).to_have_text("✅ Connected")


def type_the_code(page: Page, simulator: Simulator, number: str) -> None:
    """Request a pairing code for the phone ``number``, and type it there."""
    page.get_by_label("Number of the phone").fill(number)
    page.get_by_role("button", name="Get a code").click()
    code = page.get_by_label("Pairing code")
    expect(code).to_have_text(re.compile(r"\w{4}-\w{4}"))
    simulator.ask("POST", "/api/enter-code", {"number": number, "code": code.inner_text()})


def test_it_links_a_renamed_device_with_a_typed_code(
    open_page: OpenPage, product: Product, simulator: Simulator
) -> None:
    page = open_page()
    session = create_connection(page, product.next_location())
    shown_code(page, product, session)
    page.get_by_role("link", name="Change the name").click()
    page.get_by_label("Name on the phone").fill("Büro & Söhne 2")
    page.get_by_role("button", name="Save and show a new code").click()
    expect(page.get_by_text("this is Büro & Söhne 2")).to_be_visible()
    shown_code(page, product, session)
    number = simulator.new_phone()

    page.get_by_role("link", name="Link with a code instead").click()
    type_the_code(page, simulator, number)

    expect(page.get_by_role("status")).to_have_text("✅ Connected")
    assert "Büro & Söhne 2" in [e.get("name") for e in simulator.ask("GET", "/api/log")]


def test_it_updates_without_websockets(
    open_page: OpenPage, product: Product, simulator: Simulator, troubles: list[str]
) -> None:
    def refuse(socket: WebSocketRoute) -> None:
        socket.close(code=1013)

    page = open_page("/sign-in/", signed_in=True)
    page.route_web_socket(re.compile("/ws/"), refuse)
    session = create_connection(page, product.next_location())

    simulator.scan(shown_code(page, product, session))

    expect(page.get_by_role("status")).to_have_text("✅ Connected")


def test_it_reconnects_when_the_server_requests_it(
    open_page: OpenPage, product: Product, simulator: Simulator
) -> None:
    session = product.create_session()
    code = product.until(session, status="qr")["qr"]["text"]
    page = open_page("/connect/")
    opened: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        opened.append(socket)
        server = socket.connect_to_server()
        if len(opened) == 1:
            # Wait for the first message: a server cannot close a socket that is not open yet.
            server.on_message(lambda _: socket.close(code=4012))

    page.route_web_socket(re.compile("/ws/"), pass_on)
    page.route("**/live/", lambda poll: poll.fulfill(status=204))  # the socket must update
    with page.expect_event("websocket", lambda _: len(opened) == 2):
        page.goto(f"/sessions/{session}/")
        expect(page.get_by_text("Code 1 of 6")).to_be_visible()

    simulator.scan(code)

    expect(page.get_by_role("status")).to_have_text("✅ Connected")
    assert len(opened) == 2


def test_it_updates_the_list_live(
    open_page: OpenPage, product: Product, simulator: Simulator
) -> None:
    session = product.create_session()
    waiting = product.until(session, status="qr")
    page = open_page(f"/numbers/?q={waiting['location_name']}")
    row = page.locator(f"#row-{waiting['location']}")
    expect(row).to_contain_text("Scan the code")

    simulator.scan(waiting["qr"]["text"])

    expect(row).to_contain_text("Ready")


def test_it_polls_the_list_when_sockets_are_turned_away(
    open_page: OpenPage, product: Product, simulator: Simulator
) -> None:
    opened: list[WebSocketRoute] = []

    def turn_away(socket: WebSocketRoute) -> None:
        opened.append(socket)
        socket.close(code=4029)

    session = product.create_session()
    waiting = product.until(session, status="qr")
    page = open_page("/sign-in/", signed_in=True)
    page.route_web_socket(re.compile("/ws/"), turn_away)
    page.goto(f"/numbers/?q={waiting['location_name']}")
    row = page.locator(f"#row-{waiting['location']}")
    expect(row).to_contain_text("Scan the code")

    simulator.scan(waiting["qr"]["text"])

    expect(row).to_contain_text("Ready", timeout=60_000)  # the list polls every 15 seconds
    assert len(opened) == 1


def test_it_explains_a_link_removed_on_the_phone(
    open_page: OpenPage, product: Product, simulator: Simulator
) -> None:
    session, number = product.link()
    page = open_page(f"/sessions/{session}/")
    expect(page.get_by_role("status")).to_have_text("✅ Connected")

    simulator.unlink(number)

    expect(page.get_by_role("status")).to_have_text("The link was removed on the phone")
    page.get_by_role("button", name="New QR code").click()
    expect(page.get_by_role("img", name=re.compile("QR code 1 of 6"))).to_be_visible()
    expect(page.get_by_label("To", exact=True)).to_be_hidden()
