"""Frames of extended XYZ files as texts; their content is parsed later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from matdata.core.errors import SourceError
from matdata.sources.limits import MAX_RECORD, MIB


def read_frames(file: IO[str], name: str) -> Iterator[str]:
    """Texts of the frames of an extended XYZ file.

    Raises
    ------
    SourceError
        If it is not such a file, or ends within a frame; names the line.
    """
    number = 0
    while header := file.readline():
        number += 1
        if not header.strip():
            continue
        frame = _frame(file, header, f"{name}: line {number}")
        number += len(frame) - 1
        yield "".join(frame)


def _frame(file: IO[str], header: str, location: str) -> list[str]:
    count = header.strip()
    if not (count.isascii() and count.isdigit()):
        raise SourceError(
            f"{location}: expected a number of atoms, got {count[:40]!r}",
            cause="the file is not extended XYZ, or a frame has fewer lines than stated",
        )
    lines, length = [header], len(header)
    for _ in range(int(count[:20]) + 1):
        line = file.readline()
        length += len(line)
        if not line:
            raise SourceError(
                f"{location}: a frame of {count[:20]} atoms begins here, but the file ends "
                f"within a frame, {len(lines)} lines later",
                cause="the file is truncated, or the number was changed",
            )
        if length > MAX_RECORD:
            raise SourceError(f"{location}: a frame is longer than {MAX_RECORD // MIB} MiB")
        lines.append(line)
    return lines
