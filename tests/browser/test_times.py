"""Relative times, which the browser words in the page's language."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenPage

# Seconds ago and style → the words in English and in German.
WORDED = [
    (0.0, "ago", "now", "now"),
    (34.5, "ago", "34 s ago", "34 s ago"),
    (34.5, "since", "34 s", "34 s"),
    (5 * 60 + 59, "ago", "5 min ago", "5 min ago"),
    (3 * 3600 + 1800, "ago", "3 h ago", "3 h ago"),
    (3 * 3600 + 1800, "since", "3 h", "3 h"),
    (60 - 3 * 3600, "ago", "in 3 h", "in 3 h"),
    (86_400 + 60, "ago", "1 day ago", "vor 1 Tag"),
    (2 * 86_400 + 60, "since", "2 days", "2 Tage"),
    (60 - 7 * 86_400, "ago", "in 7 days", "in 7 Tagen"),
    (60 - 7 * 86_400, "since", "in 7 days", "in 7 Tagen"),
]
SHOW = """([name, ago, style]) => {
  const time = document.createElement("time");
  time.id = name;
  time.dataset.style = style;
  time.dateTime = new Date(Date.now() - 1000 * ago).toISOString();
  document.querySelector("main").append(time);
  document.body.dispatchEvent(new Event("htmx:afterSwap"));  // what a part of a page brings
  return time.textContent;
}"""


def shown(page: Page) -> list[str]:
    return [
        page.evaluate(SHOW, [f"time-{number}", ago, style])
        for number, (ago, style, *_) in enumerate(WORDED)
    ]


def opened(open_page: OpenPage, language: str) -> Page:
    """Return a page in ``language`` that uses the browser's clock, so that the duration of the
    request does not matter."""

    def altered(route: Route) -> None:
        answer = route.fetch()
        text = answer.text().replace('name="server-clock"', 'name="unknown"')
        route.fulfill(response=answer, body=text.replace('lang="en"', f'lang="{language}"', 1))

    page = open_page("/sign-in/", signed_in=False)
    page.route("**/sign-up/", altered)
    page.goto("/sign-up/")
    return page


def test_it_words_times_plainly(open_page: OpenPage) -> None:
    page = opened(open_page, "en")

    assert shown(page) == [english for *_, english, _german in WORDED]


def test_it_uses_the_language_of_the_page(open_page: OpenPage) -> None:
    page = opened(open_page, "de")

    assert shown(page) == [german for *_, german in WORDED]


@pytest.mark.parametrize(("locale", "day"), [("en-GB", "5 March 2026"), ("en-US", "March 5, 2026")])
def test_it_writes_days_in_the_users_format(open_page: OpenPage, locale: str, day: str) -> None:
    page = open_page("/sign-in/", signed_in=False, locale=locale)
    page.goto("/sign-up/")

    page.evaluate(
        """() => {
          document.querySelector("main").insertAdjacentHTML("beforeend",
            '<time datetime="2026-03-05T12:00:00Z" data-style="day"></time>');
          document.body.dispatchEvent(new Event("htmx:afterSwap"));
        }"""
    )

    expect(page.locator("main time")).to_have_text(day)
