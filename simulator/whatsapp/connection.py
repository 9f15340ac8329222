"""A client's websocket, from the Noise handshake to the end of the stream."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import struct
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import ClientError, WSMsgType, web
from google.protobuf.message import DecodeError

from simulator.whatsapp import device_link, login
from simulator.whatsapp.accounts import Companion
from simulator.whatsapp.errors import ClientGone
from simulator.whatsapp.front.proxy_protocols import Tunnel
from simulator.whatsapp.network import Network
from simulator.whatsapp.pairing_state import Pairing
from simulator.whatsapp.router import route
from simulator.whatsapp.wire.binary_xml import SERVER, Node, WireError, decode, encode
from simulator.whatsapp.wire.noise import Cipher, FrameReader, Handshake, NoiseError, frame
from simulator.whatsapp.wire.protobuf import ClientPayload

_log = logging.getLogger(__name__)
STREAM_END = Node("xmlstreamend")
LINGER_SECONDS = 5.0  # delay between the end of the stream and the close of the socket


@dataclass(frozen=True, slots=True)
class _Close:
    """Queued last: close the websocket with a code."""

    code: int


@dataclass(frozen=True, slots=True)
class _Drop:
    """Queued last: close the socket after a delay, without a close frame."""

    seconds: float


class Connection:
    """The server's side of one client's stream. It implements ``ClientConnection``.

    ``send`` never blocks and never raises. Errors of a connection stay in its own two tasks."""

    def __init__(
        self,
        network: Network,
        ws: web.WebSocketResponse,
        transport: asyncio.Transport,
        tunnel: Tunnel | None,
    ) -> None:
        self.proxy_user = tunnel.user if tunnel else None
        self.proxy = tunnel.proxy if tunnel else None
        self.since = time.time()
        self.device: Companion | None = None
        self._pairing: Pairing | None = None
        self._network = network
        self._ws = ws
        self._transport = transport
        self._frames = FrameReader()
        self._cipher: Cipher | None = None
        self._outgoing: asyncio.Queue[bytes | _Close | _Drop] = asyncio.Queue()
        self._answers: dict[str, asyncio.Future[Node]] = {}
        self._ended = False

    @property
    def number(self) -> str | None:
        """See ClientConnection."""
        return self.device.account.number if self.device else None

    async def serve(self) -> None:
        """Serve the client until one side ends the stream. Raises only CancelledError."""
        writer = asyncio.create_task(self._write())
        try:
            await self._receive()
        except (NoiseError, WireError, DecodeError) as error:
            self._network.log.add("refused", number=self.number, why=str(error))
        except (OSError, ClientError) as error:
            _log.debug("Lost a client: %s", error)
        except Exception:
            _log.exception("A bug in the simulator ended a connection")
        finally:
            self._ended = True
            writer.cancel()
            self._unregister()

    def _unregister(self) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(ClientGone("The client disconnected before it answered."))
        if self._pairing is not None:
            self._pairing.cancel()
            self._network.pairings.discard(self._pairing)
        if self.device is not None and self.device.connection is self:
            self.device.connection, self.device.ready = None, False
        self._network.connections.discard(self)
        source = {"proxy_user": self.proxy_user, "proxy": self.proxy}
        self._network.log.add("closed", number=self.number, **source)

    async def _receive(self) -> None:
        frames = self._read()
        if self._network.faults.take("silent_handshake", None, self.proxy_user):
            async for _ in frames:
                pass
            return
        untrusted = self._network.faults.refuses("noise", self.proxy_user)
        handshake = Handshake(
            self._network.static,
            self._network.untrusted_certificate if untrusted else self._network.certificate,
        )
        self._outgoing.put_nowait(frame(handshake.hello(await anext(frames, b""))))
        noise_static, payload = handshake.finish(await anext(frames, b""))
        decryptor, self._cipher = handshake.transport()
        self._begin(noise_static, payload)
        async for body in frames:
            node = decode(decryptor.open(body), self._network.words)
            if not self._ended:
                self._handle(node)

    def _begin(self, noise_static: bytes, payload: bytes) -> None:
        parsed = ClientPayload.FromString(payload)
        if parsed.HasField("devicePairingData"):
            self._pairing = device_link.begin(self._network, self, noise_static, parsed)
        else:
            login.begin(self._network, self, noise_static, parsed)

    async def _read(self) -> AsyncIterator[bytes]:
        async for message in self._ws:
            if message.type is WSMsgType.BINARY:
                for body in self._frames.feed(message.data):
                    yield body

    def _handle(self, node: Node) -> None:
        """Handle one node. A malformed node is answered with an error and does not end the
        stream."""
        answer = self._answers.get(node.text("id"))
        if node.tag == "iq" and node.text("type") in ("result", "error") and answer is not None:
            if not answer.done():
                answer.set_result(node)
            return
        try:
            route(self._network, self, self._pairing, node)
        except WireError as error:
            self._network.log.add("malformed", number=self.number, tag=node.tag, why=str(error))
            if node.tag == "iq":
                self.refuse(node, 400, "bad-request")

    async def _write(self) -> None:
        try:
            while isinstance(data := await self._outgoing.get(), bytes):
                await self._ws.send_bytes(data)
            if isinstance(data, _Close):
                await self._ws.close(code=data.code)
            else:
                await asyncio.sleep(data.seconds)
            self._transport.close()
        except (OSError, ClientError):
            self._transport.abort()

    def send(self, node: Node) -> None:
        """See ClientConnection."""
        if self._ended or self._cipher is None:
            return
        plain = encode(node, self._network.words)
        self._outgoing.put_nowait(frame(self._cipher.seal(plain)))

    def answer(self, query: Node, *content: Node, **attrs: str) -> None:
        """See ClientConnection."""
        self.send(
            Node(
                "iq",
                {"from": SERVER, "type": "result", "id": query.text("id"), **attrs},
                list(content) or None,
            )
        )

    def refuse(self, query: Node, code: int, text: str) -> None:
        """See ClientConnection."""
        error = Node("error", {"code": str(code), "text": text})
        self.send(Node("iq", {"from": SERVER, "type": "error", "id": query.text("id")}, [error]))

    async def request(self, content: Node, seconds: float = 5.0) -> Node:
        """See ClientConnection."""
        query_id = secrets.token_hex(8)
        future = asyncio.get_running_loop().create_future()
        self._answers[query_id] = future
        if self._ended:
            raise ClientGone("The client has disconnected.")
        self.send(
            Node(
                "iq",
                {
                    "from": SERVER,
                    "type": "set",
                    "id": query_id,
                    "xmlns": "md",
                    "t": str(int(time.time())),
                },
                [content],
            )
        )
        try:
            async with asyncio.timeout(seconds):
                answer: Node = await future
        except TimeoutError as error:
            raise ClientGone("The client did not answer in time.") from error
        finally:
            del self._answers[query_id]
        return answer

    def end_stream(self, *last: Node, linger: float = LINGER_SECONDS) -> None:
        """See ClientConnection."""
        for node in last:
            self.send(node)
        self.send(STREAM_END)
        self._ended = True
        self._outgoing.put_nowait(_Drop(linger))

    def hang_up(self, code: int = 1001) -> None:
        """See ClientConnection."""
        self._ended = True
        self._outgoing.put_nowait(_Close(code))

    def reset(self) -> None:
        """See ClientConnection."""
        self._ended = True
        sock: socket.socket | None = self._transport.get_extra_info("socket")
        if sock is not None and not self._transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
