"""Read the colours of a mail from its HTML: each text with its colour and its background."""

from __future__ import annotations

import re
from html.parser import HTMLParser

Look = tuple[str, str]  # the colour of a text, that of its background
_VOID = {"meta", "br", "img", "hr"}


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours ("#rrggbb") by WCAG 2: 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def looks(html: str, *, dark: bool) -> set[Look]:
    """Return each (colour, background) of a text of ``html``."""
    parser = _ColourParser(_dark_rules(html) if dark else {})
    parser.feed(html)
    return parser.found


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _declared(style: str) -> dict[str, str]:
    return dict(re.findall(r"(?:^|[;\s])(color|background-color)\s*:\s*(#[0-9a-f]{6})", style))


def _dark_rules(html: str) -> dict[str, dict[str, str]]:
    block = html.split("@media (prefers-color-scheme: dark) {", 1)[1].split("@media", 1)[0]
    return {name: _declared(rule) for name, rule in re.findall(r"\.([a-z]+) \{([^}]*)\}", block)}


class _ColourParser(HTMLParser):
    def __init__(self, rules: dict[str, dict[str, str]]) -> None:
        super().__init__()
        self.found: set[Look] = set()
        self._rules = rules
        self._stack: list[tuple[str, str, str, bool]] = [("", "#000000", "#ffffff", True)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        named = {name: value or "" for name, value in attrs}
        style = _declared(named.get("style", ""))
        for name in named.get("class", "").split():
            style.update(self._rules.get(name, {}))
        _tag, colour, ground, seen = self._stack[-1]
        seen = seen and tag not in ("head", "style", "title")
        seen = seen and "display:none" not in named.get("style", "")
        colour, ground = style.get("color", colour), style.get("background-color", ground)
        self._stack.append((tag, colour, ground, seen))

    def handle_endtag(self, tag: str) -> None:
        assert self._stack.pop()[0] == tag, f"</{tag}> closes nothing that is open"

    def handle_data(self, data: str) -> None:
        _tag, colour, ground, seen = self._stack[-1]
        if seen and data.strip():
            self.found.add((colour, ground))
