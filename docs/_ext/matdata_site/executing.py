"""Executed pages: where their commands keep what they make, and which cannot be executed here."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

#: Pages that read the public data sets, which are not part of the repository.
ON_DATA = "gallery/real_"
#: What a kernel begins with.
STARTUP = """\
import sys

sys.path.insert(0, {here!r})
from matdata_site import in_kernel

in_kernel.prepare(get_ipython())
sys.path.remove({here!r})
"""


def mode() -> str:
    """How pages are executed: always, but ``MATDATA_DOCS_EXECUTE=off`` leaves them as they are."""
    return os.environ.get("MATDATA_DOCS_EXECUTE", "force")


def data() -> Path | None:
    """Where the public data are; None where they are not."""
    folder = Path(os.environ.get("MATDATA_SHARED", "")) / "data"
    return folder if os.environ.get("MATDATA_SHARED") and folder.is_dir() else None


def left_out() -> list[str]:
    """Patterns of pages that are not executed."""
    return [] if data() else [f"{ON_DATA}*"]


def prepare(folder: Path) -> None:
    """Give the kernels a cache of their own, and the settings of a quiet, small machine."""
    shutil.rmtree(folder, ignore_errors=True)
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    here = str(Path(__file__).parents[1])
    (startup / "site_pages.py").write_text(STARTUP.format(here=here), encoding="utf-8")
    os.environ["IPYTHONDIR"] = str(folder / "ipython")
    os.environ["MATDATA_CACHE"] = str(folder / "cache")
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    os.environ["COLUMNS"] = "88"
    os.environ.setdefault("OMP_NUM_THREADS", "2")


def announced(text: str, name: str) -> str:
    """A page, with a sentence where it was not executed."""
    if not name.startswith(ON_DATA) or data():
        return text
    head, line, rest = text.partition("\n# ")
    title, end, body = rest.partition("\n")
    note = (
        "\n:::{note}\nNot executed in this build: it reads public data that are not part of the "
        "repository (`$MATDATA_SHARED`).\n:::\n"
    )
    return head + line + title + end + note + body
