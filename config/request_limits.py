"""What Daphne's requests lack: a limit of the size of bodies before they reach Django, and back
pressure for downloads."""

from __future__ import annotations

from typing import Any

from daphne.http_protocol import WebRequest

from config.response_flow import ResponseFlow

MAX_BODY_BYTES = 4 * 1024 * 1024  # twice Django's limit, whose error response is clearer
MAX_FRAME_BYTES = 64 * 1024  # browsers send only pings to our sockets

_TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class LimitedRequest(WebRequest):  # type: ignore[misc]  # Daphne is untyped
    """Rejects bodies over ``MAX_BODY_BYTES``, by Content-Length or by the bytes received. ``flow``
    lets the application wait for a client that reads slowly."""

    _received = 0
    _refused = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.flow = ResponseFlow(self)

    def gotLength(self, length: int | None) -> None:
        super().gotLength(length)
        if length is not None and length > MAX_BODY_BYTES:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > MAX_BODY_BYTES:
            self._refuse()
        elif not self._refused:
            super().handleContentChunk(data)

    def process(self) -> None:
        if not self._refused:
            super().process()

    def finish(self) -> None:
        self.flow.end()
        super().finish()

    def handle_exception(self, exception: Exception) -> None:
        """Answer an error of the application with 500, or disconnect in the middle of a response:
        Daphne would raise, which ends its checks of all connections."""
        if not self._response_started:
            super().handle_exception(exception)
        elif self.channel is not None:
            self.channel.transport.abortConnection()

    def connectionLost(self, reason: Any) -> None:
        self.flow.stopProducing()
        super().connectionLost(reason)

    def _refuse(self) -> None:
        if not self._refused:
            self._refused = True
            self.channel.transport.write(_TOO_LARGE)
            self.channel.transport.loseConnection()


def limit_requests(server: Any) -> None:
    """Apply the limits to a Daphne ``server`` that has created its factories."""
    make = server.http_factory.buildProtocol

    def build(address: Any) -> Any:
        protocol = make(address)
        # Twisted returns a wrapper, which passes the attribute on to the channel.
        protocol.requestFactory = LimitedRequest
        return protocol

    server.http_factory.buildProtocol = build
    server.ws_factory.setProtocolOptions(
        maxFramePayloadSize=MAX_FRAME_BYTES, maxMessagePayloadSize=MAX_FRAME_BYTES
    )
