"""The small subset of the protobuf wire format that libsignal's messages use.

neonize ships no schema for these messages, and a schema would be longer than this module.
"""

from __future__ import annotations

Fields = dict[int, int | bytes]


class VarintError(Exception):
    """The data is not a sequence of fields with integers and byte strings."""


def pack(fields: Fields) -> bytes:
    """Serialize fields in the order of their numbers."""
    out = bytearray()
    for number, value in sorted(fields.items()):
        if isinstance(value, int):
            out += _varint(number << 3) + _varint(value)
        else:
            out += _varint(number << 3 | 2) + _varint(len(value)) + value
    return bytes(out)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def unpack(data: bytes) -> Fields:
    """Parse fields; the last one of each number wins. Raises VarintError."""
    fields: Fields = {}
    at = 0
    while at < len(data):
        key, at = _read(data, at)
        if key & 7 == 0:
            fields[key >> 3], at = _read(data, at)
        elif key & 7 == 2:
            length, at = _read(data, at)
            if at + length > len(data):
                raise VarintError("a field runs past the end")
            fields[key >> 3] = data[at : at + length]
            at += length
        else:
            raise VarintError(f"field type {key & 7} is not supported")
    return fields


def _read(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7
    raise VarintError("an unterminated varint")
