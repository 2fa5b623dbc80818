"""The least input that still fails in the same way (ddmin, by lines and then by bytes)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from fuzz.cases import Case
from fuzz.pool import Zygotes

TRIES = 40  # builds that one input may cost


def smallest(data: bytes, fails: Callable[[bytes], bool], tries: int = TRIES) -> bytes:
    """Remove parts of `data`, halves first, as long as it still fails."""
    left = tries
    for cut in (lambda text: text.splitlines(keepends=True), lambda text: [*_bytes(text)]):
        parts = cut(data)
        step = max(1, len(parts) // 2)
        while parts and left > 0:
            start = 0
            while start < len(parts) and left > 0:
                shorter = parts[:start] + parts[start + step :]
                left -= 1
                if shorter and fails(b"".join(shorter)):
                    parts = shorter
                else:
                    start += step
            if step == 1:
                break
            step = max(1, step // 2)
        data = b"".join(parts)
    return data


def _bytes(data: bytes) -> list[bytes]:
    return [data[k : k + 1] for k in range(len(data))]


def minimised(zygotes: Zygotes, case: Case, kind: str) -> bytes | None:
    """The input of a case made small while a finding of this kind remains.

    None for an input of several files; a packed one keeps its container's bytes.
    """
    data, _ = case.input()
    if not isinstance(data, bytes):
        if len(data) != 1:
            return None
        (data,) = data.values() if case.kind.pack is None else (case.kind.pack(data),)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        path = Path(folder, "input")

        def fails(candidate: bytes) -> bool:
            path.write_bytes(candidate)
            return any(kind == one[0] + ": " + one[1] for one in
                       zygotes.ask(case.name, path)["findings"])  # fmt: skip

        return smallest(data, fails) if fails(data) else data
