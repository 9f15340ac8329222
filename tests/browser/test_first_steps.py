"""What a new customer sees before the first number is linked."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, sign_in
from tests.wire.product import Product, Simulator


def test_it_fills_an_empty_overview_live(
    open_page: OpenPage, product: Product, simulator: Simulator
) -> None:
    customer = product.create_customer("nora@example.com", "Bakery", "Shop")
    page = open_page("/sign-in/", signed_in=False)
    sign_in(page, "nora@example.com")
    page.goto("/")
    expect(page.get_by_text("Link your first number")).to_be_visible()
    page.evaluate("document.body.dataset.stayed = 'yes'")

    body = {"location": customer["locations"][0]["id"]}
    _, made = product.api("POST", "sessions/", body, key=customer["api_key"])

    expect(page.get_by_role("heading", level=1)).to_have_text("Your number is waiting for a scan.")
    expect(page.get_by_text("Link your first number")).to_be_hidden()
    path, door = f"sessions/{made['id']}/", customer["api_key"]
    number = simulator.scan(product.api("GET", path, key=door)[1]["qr"]["text"])["number"]
    expect(page.get_by_role("heading", level=1)).to_have_text("Your number is ready.")
    expect(page.locator("#uptime")).to_contain_text("100 %")

    simulator.write(simulator.new_phone(), number, "Hello")

    table = page.get_by_text("The same as a table")
    expect(table).to_be_visible()
    table.click()
    simulator.write(simulator.new_phone(), number, "Hello again")
    expect(page.locator(".legend .in b")).to_have_text("2")
    expect(page.get_by_role("table", name="Messages by day")).to_be_visible()
    assert page.evaluate("document.body.dataset.stayed") == "yes", "the page was reloaded"
