"""The colours of mails, light and dark: those of the pages, for mails can load no stylesheet.

Text keeps a contrast of 4.5:1 to its ground; a test counts it. Data, no I/O.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Colours:
    ground: str
    surface: str
    text: str
    muted: str
    line: str
    accent: str  # links, the button's ground, the wordmark
    on_accent: str
    inset: str  # under a code

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """(text, its ground): each pair that letters use."""
        on_surface = (self.text, self.muted, self.accent)
        return (
            *((colour, self.surface) for colour in on_surface),
            *((colour, self.ground) for colour in on_surface),
            (self.on_accent, self.accent),
            (self.text, self.inset),
        )


LIGHT = Colours(
    ground="#f7f8fa",
    surface="#ffffff",
    text="#14181f",
    muted="#5b6472",
    line="#e3e7ed",
    accent="#0b6e4f",
    on_accent="#ffffff",
    inset="#eef1f5",
)
DARK = Colours(
    ground="#0f1216",
    surface="#171b21",
    text="#e8ecf1",
    muted="#98a2b1",
    line="#2a313b",
    accent="#3ecf98",
    on_accent="#06251a",
    inset="#20262e",
)
