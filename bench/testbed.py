"""The environment of a group of rows: a new simulator, product, and process of bare neonize."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.bare import BareNeonize
from bench.http_client import ProductApi
from bench.progress import show_step
from tests.wire.product import Product, Simulator


@dataclass
class Testbed:
    """A running simulator and a folder. Start the product and bare neonize as needed."""

    folder: Path
    simulator: Simulator
    cleanup: contextlib.ExitStack
    _clients: int = field(default=0, init=False)

    def start_product(self) -> tuple[Product, ProductApi]:
        """Start ``manage.py serve``, and link and unlink one number to warm it up."""
        folder = self.folder / "product"
        folder.mkdir()
        product = Product(folder, self.simulator).start()
        self.cleanup.callback(product.close)
        api = ProductApi(product)
        self.cleanup.callback(api.close)
        session, _ = product.link()
        api.unlink(session)
        return product, api

    def start_bare(self) -> BareNeonize:
        """Start bare neonize, and wait for one QR code to warm it up."""
        folder = self.folder / f"bare-{self._clients}"
        folder.mkdir()
        bare = BareNeonize(folder, self.simulator)
        self.cleanup.callback(bare.close)
        client = self.new_client()
        bare.start(client)
        bare.wait("QR", client)
        return bare

    def new_client(self) -> str:
        """Return a name for another bare client."""
        self._clients += 1
        return f"client-{self._clients}"

    def link_bare(self, bare: BareNeonize) -> tuple[str, str]:
        """Link a bare client. Return its name and its number (E.164)."""
        client = self.new_client()
        bare.start(client)
        number = self.simulator.scan(bare.wait("QR", client)["text"])["number"]
        bare.wait("Connected", client)
        return client, str(number)


@contextlib.contextmanager
def fresh_testbed() -> Iterator[Testbed]:
    """Yield a new testbed, and stop everything at the end of the block."""
    show_step("starting a new simulator")
    with contextlib.ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="pairline-bench-")))
        simulator = Simulator(folder)
        cleanup.callback(simulator.stop)
        yield Testbed(folder, simulator, cleanup)
