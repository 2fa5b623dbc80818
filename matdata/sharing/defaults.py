"""Choices and defaults of commands that share artefacts; importing them imports nothing else."""

from __future__ import annotations

from typing import Literal

#: What of a push is compared with its digest on the other side: sizes alone (``size``), the bytes
#: of files that were just sent (``new``), or those of all (``all``), which mends damaged ones.
Check = Literal["size", "new", "all"]
CHECKS: tuple[Check, ...] = ("size", "new", "all")
#: Files that are sent or received at once.
WORKERS = 8
