"""What a group of rows is measured in: a simulator, the product as it ships, and bare neonize,
all started fresh."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.bare import Bare
from bench.door import Api
from bench.progress import say
from tests.wire.product import Product, Simulator


@dataclass
class World:
    """``folder`` and the simulator are there; both sides are started when they are needed."""

    folder: Path
    simulator: Simulator
    ends: contextlib.ExitStack
    _clients: int = field(default=0, init=False)

    def start_product(self) -> tuple[Product, Api]:
        """``manage.py serve``, warm: one number was linked and unlinked."""
        folder = self.folder / "product"
        folder.mkdir()
        product = Product(folder, self.simulator).start()
        self.ends.callback(product.close)
        api = Api(product)
        self.ends.callback(api.close)
        session, _ = product.link()
        api.unlink(session)
        return product, api

    def start_bare(self) -> Bare:
        """Bare neonize, warm: one QR was shown."""
        folder = self.folder / f"bare-{self._clients}"
        folder.mkdir()
        bare = Bare(folder, self.simulator)
        self.ends.callback(bare.close)
        client = self.new_client()
        bare.start(client)
        bare.wait("QR", client)
        return bare

    def new_client(self) -> str:
        """A name for one more bare client."""
        self._clients += 1
        return f"client-{self._clients}"

    def link_bare(self, bare: Bare) -> tuple[str, str]:
        """A bare client that is connected: its name and its number (E.164)."""
        client = self.new_client()
        bare.start(client)
        number = self.simulator.scan(bare.wait("QR", client)["text"])["number"]
        bare.wait("Connected", client)
        return client, str(number)


@contextlib.contextmanager
def fresh_world() -> Iterator[World]:
    """A world that ends with the block."""
    say("starting a simulator, and what is measured on it")
    with contextlib.ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="pairline-bench-")))
        simulator = Simulator(folder)
        ends.callback(simulator.stop)
        yield World(folder, simulator, ends)
