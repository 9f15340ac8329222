"""One client's websocket, from the Noise handshake to the end of the stream."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import struct
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import ClientError, WSMsgType, web
from google.protobuf.message import DecodeError

from simulator.whatsapp import login, pairing
from simulator.whatsapp.accounts import Companion
from simulator.whatsapp.binary_xml import SERVER, Node, WireError, decode, encode
from simulator.whatsapp.noise import Cipher, FrameReader, Handshake, NoiseError, frame
from simulator.whatsapp.protobuf import ClientPayload
from simulator.whatsapp.proxy_dialects import Passage
from simulator.whatsapp.refusal import HungUp

if TYPE_CHECKING:
    from simulator.whatsapp.network import Network

_log = logging.getLogger(__name__)
STREAM_END = Node("xmlstreamend")
LINGER_SECONDS = 5.0  # how long a socket stays open after the end of the stream


@dataclass(frozen=True, slots=True)
class _Close:
    """The end of what is written: a websocket close with a code."""

    code: int


@dataclass(frozen=True, slots=True)
class _Drop:
    """The end of what is written: the socket closes after some seconds, without a word."""

    seconds: float


class Connection:
    """What one client and the simulated server say to each other.

    `send` never blocks and never fails: a client that is gone hears nothing more, and its
    errors stay in its own two tasks.
    """

    def __init__(
        self,
        network: Network,
        ws: web.WebSocketResponse,
        transport: asyncio.Transport,
        passage: Passage | None,
    ) -> None:
        self.network = network
        self.proxy_user = passage.user if passage else None
        self.proxy = passage.proxy if passage else None  # its name; None is the front door
        self.since = time.time()
        self.device: Companion | None = None
        self.pairing: pairing.Pairing | None = None
        self._ws = ws
        self._transport = transport
        self._frames = FrameReader()
        self._seal: Cipher | None = None
        self._outgoing: asyncio.Queue[bytes | _Close | _Drop] = asyncio.Queue()
        self._answers: dict[str, asyncio.Future[Node]] = {}
        self._ended = False

    @property
    def number(self) -> str | None:
        """The digits of the account behind this connection, once it is known."""
        return self.device.account.number if self.device else None

    async def serve(self) -> None:
        """Talk until one side ends it. Raises nothing but cancellation."""
        writer = asyncio.create_task(self._write())
        try:
            await self._talk()
        except (NoiseError, WireError, DecodeError) as error:
            self.network.log.add("refused", number=self.number, why=str(error))
        except (OSError, ClientError) as error:
            _log.debug("a client went away: %s", error)
        except Exception:
            _log.exception("a connection ended by a mistake of the simulator")
        finally:
            self._ended = True
            writer.cancel()
            self._forget()

    def _forget(self) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(HungUp("The client hung up before it answered."))
        if self.pairing is not None:
            self.pairing.gone()
            self.network.pairings.discard(self.pairing)
        if self.device is not None and self.device.connection is self:
            self.device.connection, self.device.ready = None, False
        self.network.connections.discard(self)
        came = {"proxy_user": self.proxy_user, "proxy": self.proxy}
        self.network.log.add("closed", number=self.number, **came)

    async def _talk(self) -> None:
        frames = self._read()
        if self.network.faults.take("silent_handshake", None, self.proxy_user):
            async for _ in frames:
                pass
            return
        wrong = self.network.faults.refusal("noise", self.proxy_user)
        handshake = Handshake(
            self.network.static,
            self.network.foreign_certificate() if wrong else self.network.certificate,
        )
        self._outgoing.put_nowait(frame(handshake.hello(await anext(frames, b""))))
        noise_static, payload = handshake.finish(await anext(frames, b""))
        opener, self._seal = handshake.transport()
        self._enter(noise_static, payload)
        async for body in frames:
            node = decode(opener.open(body), self.network.words)
            if not self._ended:
                self._hear(node)

    def _enter(self, noise_static: bytes, payload: bytes) -> None:
        said = ClientPayload.FromString(payload)
        if said.HasField("devicePairingData"):
            pairing.begin(self, noise_static, said)
        else:
            login.begin(self, noise_static, said)

    async def _read(self) -> AsyncIterator[bytes]:
        async for message in self._ws:
            if message.type is WSMsgType.BINARY:
                for body in self._frames.feed(message.data):
                    yield body

    def _hear(self, node: Node) -> None:
        """Route one node; a node that lacks something costs the client an error, not its line."""
        answer = self._answers.get(node.text("id"))
        if node.tag == "iq" and node.text("type") in ("result", "error") and answer is not None:
            if not answer.done():
                answer.set_result(node)
            return
        try:
            self.network.hear(self, node)
        except WireError as error:
            self.network.log.add("malformed", number=self.number, tag=node.tag, why=str(error))
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
        """Queue a node for the client."""
        if self._ended or self._seal is None:
            return
        plain = encode(node, self.network.words)
        self._outgoing.put_nowait(frame(self._seal.seal(plain)))

    def answer(self, query: Node, *content: Node, **attrs: str) -> None:
        """Answer an iq with a result."""
        self.send(
            Node(
                "iq",
                {"from": SERVER, "type": "result", "id": query.text("id"), **attrs},
                list(content) or None,
            )
        )

    def refuse(self, query: Node, code: int, text: str) -> None:
        """Answer an iq with an error."""
        error = Node("error", {"code": str(code), "text": text})
        self.send(Node("iq", {"from": SERVER, "type": "error", "id": query.text("id")}, [error]))

    async def request(self, content: Node, seconds: float = 5.0) -> Node:
        """Send an iq of the server's own and return the answer; raises HungUp."""
        query_id = secrets.token_hex(8)
        future = asyncio.get_running_loop().create_future()
        self._answers[query_id] = future
        if self._ended:
            raise HungUp("The client hung up.")
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
            raise HungUp("The client did not answer in time.") from error
        finally:
            del self._answers[query_id]
        return answer

    def end_stream(self, *last: Node, linger: float = LINGER_SECONDS) -> None:
        """Say the last words and end the stream; the socket stays open for `linger` seconds."""
        for node in last:
            self.send(node)
        self.send(STREAM_END)
        self._ended = True
        self._outgoing.put_nowait(_Drop(linger))

    def hang_up(self, code: int = 1001) -> None:
        """Close the websocket in order, with a close code."""
        self._ended = True
        self._outgoing.put_nowait(_Close(code))

    def reset(self) -> None:
        """Cut the TCP connection with a reset."""
        self._ended = True
        sock: socket.socket | None = self._transport.get_extra_info("socket")
        if sock is not None and not self._transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
