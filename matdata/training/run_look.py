"""What pictures of a run say below them: the run, its data, its split."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matdata.figures.picture import Look
    from matdata.training.run import Run


def look_of(run: Run, style: str, part: str = "", split: str | None = None) -> Look:
    """The look of a picture of a run: run, data, split and licence are its caption.

    Parameters
    ----------
    part
        The part of the split that is shown.
    split
        What stands for its name.
    """
    from matdata.figures.picture import Look

    about, plugin = run.about, run.manifest["plugin"]["name"]
    split = split or run.split["name"]
    caption = [
        f"run {about['run']} ({plugin})",
        f"data {run.dataset_ref}",
        ", ".join(filter(None, (f"split {split}", part))),
        about.get("licence", ""),
        about.get("citation", ""),
    ]
    return Look(style, caption, {"dataset": run.dataset_ref, **about, "split": split})
