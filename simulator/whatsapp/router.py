"""Route the nodes that clients send to their handlers."""

from __future__ import annotations

from simulator.whatsapp import iq, linking_code
from simulator.whatsapp.accounts import ClientConnection
from simulator.whatsapp.network import Network
from simulator.whatsapp.pairing_state import Pairing
from simulator.whatsapp.wire.binary_xml import Node


def route(
    network: Network, connection: ClientConnection, pairing: Pairing | None, node: Node
) -> None:
    """Handle one node of a client; ``pairing`` is set while it waits to be linked. Raises
    WireError if the node lacks a required part."""
    device = connection.device
    if node.tag == "iq" and pairing is None:
        iq.handle(network, connection, node)
    elif node.tag == "iq" and pairing is not None:
        if node.find(linking_code.STAGE) is not None:
            linking_code.handle(network, pairing, node)
        else:
            pairing.handle(node)
    elif device is None:
        return
    elif node.tag == "message":
        network.relay.message(connection, device, node)
    elif node.tag == "receipt":
        network.relay.receipt(connection, device, node)
    elif node.tag == "presence":
        presence = node.text("type") or "available"
        network.log.add("presence", number=connection.number, presence=presence)
    elif node.tag == "ack":
        device.confirm(node.text("class"), node.text("id"))
