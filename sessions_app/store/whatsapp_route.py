"""The network route to WhatsApp: direct, or through the proxy of the environment."""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass
from pathlib import Path

from sessions_app.engine.launch import simulator_state

WHATSAPP_HOST = "web.whatsapp.com"
WHATSAPP_PORT = 443


@dataclass(frozen=True)
class Route:
    """The route to a TLS server, through ``proxy`` (a URL) if given. With ``ca_file``, only that
    certificate authority is trusted."""

    host: str = WHATSAPP_HOST
    port: int = WHATSAPP_PORT
    proxy: str = ""
    ca_file: str | None = None


def route_to_whatsapp(simulator: str | Path | None) -> Route:
    """Return the route that an engine uses: to the simulator if there is one, otherwise through
    the proxy of the environment. Raises SimulatorUnusable."""
    if simulator:
        state = simulator_state(simulator)
        return Route(proxy=state.proxy, ca_file=state.ca_file)
    if urllib.request.proxy_bypass(WHATSAPP_HOST):
        return Route()
    return Route(proxy=urllib.request.getproxies().get("https", ""))
