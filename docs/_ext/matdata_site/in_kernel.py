"""What the kernel of an executed page does otherwise: it checks commands, and shows each picture
twice, light and dark, of which a reader sees one."""

from __future__ import annotations

import base64
import functools
import html
import inspect
import os
import subprocess
from collections.abc import Callable
from typing import Any


def prepare(shell: Any) -> None:
    """Set up a kernel.

    Parameters
    ----------
    shell
        What ``get_ipython()`` gives there.
    """
    from matdata.datasets.plots import DatasetPlots
    from matdata.training.run_plots import RunPlots

    shell.system = checked
    for plots in (DatasetPlots, RunPlots):
        for name, method in inspect.getmembers(plots, inspect.isfunction):
            if inspect.signature(method).return_annotation == "Picture" and name[0] != "_":
                setattr(plots, name, twice(method))
    formatter = shell.display_formatter.formatters["text/html"]
    formatter.for_type_by_name("matdata.figures.picture", "Picture", both)


def checked(command: str) -> None:
    """Run a command of a page (``!matdata …``); one that fails fails the page."""
    done = subprocess.run(
        command, shell=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        check=False,
    )  # fmt: skip
    print(done.stdout.replace(os.environ["MATDATA_CACHE"], "$MATDATA_CACHE"), end="")
    if done.returncode:
        raise RuntimeError(f"exit code {done.returncode}: {command}")


def twice(draw: Callable[..., Any]) -> Callable[..., Any]:
    """A method that draws its picture in the dark style as well."""

    @functools.wraps(draw)
    def drawn(*given: Any, **named: Any) -> Any:
        picture = draw(*given, **named)
        picture.in_the_dark = draw(*given, **{**named, "style": "dark"})
        return picture

    return drawn


def both(picture: Any) -> str | None:
    """Both drawings of a picture as HTML; None of one that was drawn once."""
    if not hasattr(picture, "in_the_dark"):
        return None
    title = html.escape(str(picture.about["title"]))
    drawings = {"light": picture, "dark": picture.in_the_dark}
    shown = {key: base64.b64encode(one._repr_png_()).decode() for key, one in drawings.items()}
    return "\n".join(
        f'<img class="only-{key}" alt="{title}" src="data:image/png;base64,{content}">'
        for key, content in shown.items()
    )
