"""Files of figures that TensorBoard shows: records of a protocol buffer, Event, as TensorFlow writes them.

    record    the length of the data (uint64), its checksum, the data, their checksum
    checksum  CRC-32C, rotated by 15 bits, plus a constant (uint32)
    Event     1: wall_time (double); 2: step (int64); 3: file_version (string); 5: summary
    summary   1: value, repeated: 1: tag (string), 2: simple_value (float)

All numbers are little-endian. Source: TensorFlow's record_writer.h and event.proto.
"""

import struct
import time
from collections.abc import Mapping
from functools import cache

POLYNOMIAL = 0x82F63B78
"""Castagnoli's, with the bits reversed."""
VARINT, DOUBLE, BYTES, FLOAT = 0, 1, 2, 5
"""The kinds of a field."""


@cache
def crc_table() -> list[int]:
    """The remainder of every byte."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (POLYNOMIAL if byte & 1 else 0)
        table.append(byte)
    return table


def checksum(data: bytes) -> bytes:
    """The masked CRC-32C of data."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ crc_table()[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(data: bytes) -> bytes:
    """Data as a record."""
    length = struct.pack("<Q", len(data))
    return length + checksum(length) + data + checksum(data)


def varint(number: int) -> bytes:
    """A number of at least 0 in groups of 7 bits, the lowest first; all but the last have the eighth bit."""
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])


def field(number: int, kind: int, content: bytes) -> bytes:
    """A field of a message."""
    return varint(number << 3 | kind) + (varint(len(content)) if kind == BYTES else b"") + content


def event(step: int, content: bytes) -> bytes:
    """An Event, now."""
    return field(1, DOUBLE, struct.pack("<d", time.time())) + field(2, VARINT, varint(step)) + content


def first_record() -> bytes:
    """What a file begins with."""
    return record(event(0, field(3, BYTES, b"brain.Event:2")))


def figures_record(step: int, figures: Mapping[str, float]) -> bytes:
    """Figures by their tags, at a step."""
    values = (
        field(1, BYTES, field(1, BYTES, tag.encode()) + field(2, FLOAT, struct.pack("<f", figure)))
        for tag, figure in figures.items()
    )
    return record(event(step, field(5, BYTES, b"".join(values))))
