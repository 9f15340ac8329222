"""Check how a page looks, in both colour schemes and on every screen size."""

from __future__ import annotations

from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

HEIGHT = 740
OF_COLOURS = ["color-contrast", "link-in-text-block"]  # of axe's rules


def complaints(page: Page) -> list[str]:
    """Return what axe finds: with every rule in the light scheme, with rules about colours in
    the dark one."""
    page.wait_for_load_state()  # a test may be faster than the style sheet loads
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    light = Axe().run(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    dark = AxeResults(page.evaluate(f"axe.run({{runOnly: {OF_COLOURS}}})"))
    return [
        f"{page.url} ({scheme}): {result.generate_report()}"
        for scheme, result in (("light", light), ("dark", dark))
        if result.violations_count
    ]


def too_wide(page: Page, widths: tuple[int, ...], culprits: str = "null") -> list[str]:
    """Return the widths (CSS px) at which the page is wider than the screen. ``culprits`` is a
    script that names the elements."""
    page.wait_for_load_state()
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        if (needed := page.evaluate("document.documentElement.scrollWidth")) > width:
            found.append(f"{page.url} needs {needed} of {width}: {page.evaluate(culprits)}")
    return found
