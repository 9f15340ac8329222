"""The parts that messages and the overview add to live pages."""

from __future__ import annotations

from sessions_app.pages.live_parts import Page, Reload, register_part, register_reload, template


def register() -> None:
    for name in ("needs", "counts", "traffic", "recent"):
        part = template(f"conversations/dashboard/parts/_{name}.html")
        register_part(Page.OVERVIEW, name, part)
    arrived = template("conversations/dashboard/parts/_arrived.html")
    register_part(Page.FIRST_NUMBER, "arrived", arrived)
    register_reload(Reload.MESSAGES, template("conversations/_changed.html"))
