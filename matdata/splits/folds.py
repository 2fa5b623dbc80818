"""Folds: splits that one method made together, each with another test part."""

from __future__ import annotations

from matdata.core.documents import JsonMapping
from matdata.core.errors import SplitError, StoreError, did_you_mean
from matdata.splits.base import Split
from matdata.splits.saved import HasSplits, load_split


def fold_of(name: str, settings: JsonMapping) -> tuple[str, int] | None:
    """The name that the folds of a saved split have in common, and the number of this one.

    Returns
    -------
    tuple or None
        ``("kfold5-seed0", 2)`` for ``kfold5-seed0-fold2``; None for a split that is no fold.
    """
    fold = settings.get("fold")
    if not isinstance(fold, int):
        return None
    for ending in (f"-fold{fold}", f"-{fold}"):
        if name.endswith(ending):
            return name.removesuffix(ending), fold
    return None


def fold_families(dataset: HasSplits) -> dict[str, dict[int, str]]:
    """Names of the saved folds by what they have in common, and by number.

    Raises
    ------
    StoreError
        If a saved split is damaged.
    """
    families: dict[str, dict[int, str]] = {}
    for name in dataset.split_names():
        place = fold_of(name, dataset.load_split(name)[1]["settings"])
        if place is not None:
            families.setdefault(place[0], {})[place[1]] = name
    return {family: dict(sorted(folds.items())) for family, folds in families.items()}


def folds_named(dataset: HasSplits, name: str | None) -> list[tuple[int, str]]:
    """All folds of a family, by number; of the only one if no name is given.

    Parameters
    ----------
    dataset
        Whose splits.
    name
        What the folds have in common, or one of them.

    Raises
    ------
    SplitError
        If there is no such family, several without a name, or a fold is missing.
    """
    families = fold_families(dataset)
    of_fold = {fold: family for family, folds in families.items() for fold in folds.values()}
    family = of_fold.get(name or "", name)
    if family is None and len(families) == 1:
        (family,) = families
    if family not in families:
        what = "several k-fold splits" if families else "no k-fold split"
        asked = f" {name!r}{did_you_mean(name, families)}" if name else ""
        raise SplitError(
            f"{dataset.ref} has {what if family is None else 'no k-fold split'}{asked}",
            next_step=f"k-fold splits: {', '.join(families) or 'none'}; "
            "`matdata split DATASET --method kfold` makes one",
        )
    folds = families[family]
    settings = load_split(dataset, next(iter(folds.values()))).settings
    missing = sorted(set(range(settings.get("k", max(folds) + 1))) - set(folds))
    if missing:
        raise SplitError(
            f"{dataset.ref} lacks folds {', '.join(map(str, missing))} of {family!r}",
            cause="their files were removed",
            next_step="make the split again",
        )
    return list(folds.items())


def single_split(dataset: HasSplits, name: str | None) -> Split:
    """A saved split; the only one if no name is given.

    Raises
    ------
    SplitError
        If the name is that of several folds.
    StoreError
        As `load_split`.
    """
    try:
        return load_split(dataset, name)
    except StoreError:
        families = fold_families(dataset)
        only = len(families) == 1 and sum(map(len, families.values())) == len(dataset.split_names())
        family = next(iter(families)) if name is None and only else name
        if family not in families:
            raise
    first = next(iter(families[family].values()))
    raise SplitError(
        f"{family!r} is {len(families[family])} folds, and a run is trained on one",
        next_step=f"`--folds all` trains a run for every fold, `--split {first}` one",
    )
