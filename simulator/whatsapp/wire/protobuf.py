"""WhatsApp's protobuf messages, imported from neonize without loading its library.

The generated modules import each other by short names, so their folder must be on ``sys.path``.
They are typed ``Any``, because their stubs are not importable under these names.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any


def neonize_folder() -> Path:
    """Return the folder of the neonize package without importing it."""
    spec = importlib.util.find_spec("neonize")
    if spec is None or spec.origin is None:
        raise RuntimeError("neonize is not installed. The simulator needs its protobuf messages.")
    return Path(spec.origin).parent


def _load(name: str) -> Any:
    folder = str(neonize_folder() / "proto")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(name)


_wa6 = _load("waWa6.WAWebProtobufsWa6_pb2")
_cert = _load("waCert.WACert_pb2")
_adv = _load("waAdv.WAAdv_pb2")
_e2e = _load("waE2E.WAWebProtobufsE2E_pb2")
_sync = _load("waServerSync.WAWebProtobufsServerSync_pb2")
_action = _load("waSyncAction.WAWebProtobufSyncAction_pb2")

HandshakeMessage: Any = _wa6.HandshakeMessage
ClientPayload: Any = _wa6.ClientPayload
CertChain: Any = _cert.CertChain
ADVDeviceIdentity: Any = _adv.ADVDeviceIdentity
ADVSignedDeviceIdentity: Any = _adv.ADVSignedDeviceIdentity
ADVSignedDeviceIdentityHMAC: Any = _adv.ADVSignedDeviceIdentityHMAC
ADVKeyIndexList: Any = _adv.ADVKeyIndexList
ADVSignedKeyIndexList: Any = _adv.ADVSignedKeyIndexList
Message: Any = _e2e.Message
SyncdPatch: Any = _sync.SyncdPatch
SyncActionData: Any = _action.SyncActionData
