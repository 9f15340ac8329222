"""Hints over the channel layer."""

from __future__ import annotations

import asyncio
from uuid import UUID

from channels.layers import get_channel_layer

from sessions_app.gateway.ports import Hint
from sessions_app.hints import GATEWAY_GROUP, TEXT_WAITING


class ChannelHints:
    """The gateway's ``Hints`` over the channel layer. Joins the group again after the layer was
    away."""

    def __init__(self) -> None:
        self._channel: str | None = None

    async def next(self) -> Hint:
        """Wait for the next hint and return it. Raises whatever the channel layer raises."""
        layer = get_channel_layer()
        if layer is None:
            await asyncio.Event().wait()
        if self._channel is None:
            channel = await layer.new_channel()
            await layer.group_add(GATEWAY_GROUP, channel)
            self._channel = channel
        try:
            hint = await layer.receive(self._channel)
        except Exception:
            self._channel = None
            raise
        return Hint(UUID(hint["session_id"]), text_waiting=hint["type"] == TEXT_WAITING)
