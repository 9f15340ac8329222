"""A DNS server that never answers, for the product alone.

The product runs in a mount namespace with another /etc/resolv.conf, which needs Linux and root.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

ADDRESS = "127.0.0.77"
_WRAPPER = """#!/bin/sh
exec unshare --mount sh -c 'mount --bind {conf} /etc/resolv.conf && exec {python} "$@"' sh "$@"
"""


@contextmanager
def silent_dns(folder: Path, wanted: bool) -> Iterator[str]:
    """Yield the interpreter to start the product with: if ``wanted``, one whose names are asked of
    a server that never answers. Exits with a message where that is impossible."""
    if not wanted:
        yield sys.executable
        return
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        raise SystemExit("M3 replaces /etc/resolv.conf for the product: run it as root on Linux.")
    conf, wrapper = folder / "resolv.conf", folder / "python"
    conf.write_text(f"nameserver {ADDRESS}\n")
    wrapper.write_text(_WRAPPER.format(conf=conf, python=sys.executable))
    wrapper.chmod(0o755)
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as server:
        server.bind((ADDRESS, 53))
        yield str(wrapper)
