"""Event files of TensorBoard, written without it: importing it takes a second, and clients of S3.

A file is a row of records: length (uint64), masked CRC-32C of these eight bytes, content, masked
CRC-32C of the content, all little-endian (TensorFlow's TFRecord). The content is an ``Event`` of
tensorflow/core/util/event.proto in the encoding of protocol buffers: 1 ``wall_time`` (double), 2
``step`` (int64), 3 ``file_version`` (string), 5 ``summary``, 7 ``session_log``.
"""

from __future__ import annotations

import functools
import os
import socket
import struct
import time
from collections.abc import Mapping
from pathlib import Path

VERSION = "brain.Event:2"
_REVERSED_CASTAGNOLI = 0x82F63B78
_START = 1  # SessionLog.status: what older files hold from this step on is not shown


class EventFile:
    """Numbers of a training for TensorBoard.

    Parameters
    ----------
    folder
        Where a new file is made; a file for each start of the training.
    purge_step
        Numbers of earlier files from this step on count no more; None keeps them.
    """

    def __init__(self, folder: Path, purge_step: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{time.time_ns():020d}.{socket.gethostname()}.{os.getpid()}"
        self._file = open(folder / name, "xb")  # noqa: SIM115
        version = _bytes(3, VERSION.encode())
        self._write(version if purge_step is None else _step(purge_step) + version)
        if purge_step is not None:
            self._write(_step(purge_step) + _bytes(7, _number(1, _START)))

    def add(self, scalars: Mapping[str, float], step: int) -> None:
        """Write numbers by name, those of one step."""
        values = (
            _bytes(1, _bytes(1, name.encode()) + _tag(2, 5) + struct.pack("<f", value))
            for name, value in scalars.items()
        )
        self._write(_step(step) + _bytes(5, b"".join(values)))
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, event: bytes) -> None:
        content = _tag(1, 1) + struct.pack("<d", time.time()) + event
        length = struct.pack("<Q", len(content))
        self._file.write(length + _masked(length) + content + _masked(content))


def _varint(value: int) -> bytes:
    """A whole number from 0 on, seven bits a byte."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _tag(field: int, wire: int) -> bytes:
    return _varint(field << 3 | wire)


def _number(field: int, value: int) -> bytes:
    return _tag(field, 0) + _varint(value)


def _bytes(field: int, content: bytes) -> bytes:
    return _tag(field, 2) + _varint(len(content)) + content


def _step(step: int) -> bytes:
    return _number(2, step)


def _masked(content: bytes) -> bytes:
    """CRC-32C, rotated and shifted as TFRecord has it, so that sums of sums stay useful."""
    checksum = crc32c(content)
    rotated = (checksum >> 15 | checksum << 17) + 0xA282EAD8
    return struct.pack("<I", rotated & 0xFFFFFFFF)


def crc32c(content: bytes) -> int:
    """The cyclic redundancy check with Castagnoli's polynomial (RFC 3720, appendix B.4)."""
    table, checksum = _table(), 0xFFFFFFFF
    for byte in content:
        checksum = table[(checksum ^ byte) & 0xFF] ^ checksum >> 8
    return checksum ^ 0xFFFFFFFF


@functools.cache
def _table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (_REVERSED_CASTAGNOLI if value & 1 else 0)
        table.append(value)
    return tuple(table)
