"""What a reference on the command line of `matdata rm` means: the artefacts that it names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from matdata.core.digest import SHORT
from matdata.core.errors import StoreError, did_you_mean, first_few
from matdata.core.given import require_name
from matdata.housekeeping.artefacts import Artefact
from matdata.sharing.layout import FLAT, FOLDERS, Kind, Reference
from matdata.store.feature_catalogue import of_feature

FORMS = (
    "NAME or NAME@VERSION of a dataset, with /features/FEATURE or /splits/SPLIT of it, "
    "snapshots/SOURCE/VERSION, references/NAME-DIGEST, or runs/RUN"
)


def named(artefacts: Sequence[Artefact], ref: str) -> list[Artefact]:
    """The artefacts that a reference names; of a dataset's bare name all versions.

    Raises
    ------
    StoreError
        If there is none, or of several versions or features it is not said which is meant.
    """
    reference = Reference.of(require_name(ref, "what shall be removed"))
    if reference is None:
        raise StoreError(
            f"{ref[:200]!r} names nothing that can be removed", next_step=f"expected {FORMS}"
        )
    if reference.kind in FLAT:
        return _only(artefacts, reference.kind, ref, lambda own: own == ref)
    if reference.kind == "snapshot":
        return _only(artefacts, "snapshot", ref, lambda own: own.startswith(ref))
    if reference.kind != "dataset":
        return _of_dataset(artefacts, ref, reference)
    name, at, _ = ref.partition("@")
    if at:
        return _only(artefacts, "dataset", ref, lambda own: own.startswith(ref))
    versions = [
        one for one in artefacts if one.kind == "dataset" and one.ref.partition("@")[0] == name
    ]
    if not versions:
        raise _nothing(artefacts, "dataset", ref)
    return versions


def _of_dataset(artefacts: Sequence[Artefact], ref: str, reference: Reference) -> list[Artefact]:
    """A split or a feature of one version of a dataset."""
    kind, dataset, name = reference.kind, reference.home, reference.name

    def fits(own: str) -> bool:
        owner, _, last = own.partition(f"/{FOLDERS[kind]}/")
        of_it = owner.startswith(dataset) if "@" in dataset else owner.split("@")[0] == dataset
        return of_it and (last == name if kind == "split" else _is_feature(last, name))

    return _only(artefacts, kind, ref, fits)


def _is_feature(folder: str, name: str) -> bool:
    """Whether a folder is that of a feature: its own name, or ``feature`` or ``feature@digest``."""
    spec, _, digest = name.partition("@")
    fits = of_feature(Path(folder), spec) and folder[-SHORT:].startswith(digest)
    return folder == name or fits


def _only(
    artefacts: Sequence[Artefact], kind: Kind, ref: str, fits: Callable[[str], bool]
) -> list[Artefact]:
    of_kind = [one for one in artefacts if one.kind == kind]
    fitting = [one for one in of_kind if one.ref == ref]
    fitting = fitting or [one for one in of_kind if fits(one.ref)]
    if not fitting:
        raise _nothing(artefacts, kind, ref)
    if len(fitting) > 1:
        raise StoreError(
            f"{ref!r} means {len(fitting)} {kind}s; which of them is to go is not clear",
            next_step=f"name one: {first_few([one.ref for one in fitting])}",
        )
    return fitting


def _nothing(artefacts: Sequence[Artefact], kind: Kind, ref: str) -> StoreError:
    refs = [one.ref for one in artefacts if one.kind == kind]
    names = sorted({one.partition("@")[0] for one in refs} if kind == "dataset" else set(refs))
    others = {one.ref for one in artefacts if one.ref.endswith(f"/{ref}")}
    meant = sorted(others) or names
    return StoreError(
        f"there is no {kind} {ref[:200]!r} in this cache{did_you_mean(ref, meant)}",
        next_step=f"there are: {first_few(meant) if meant else 'none'}; a reference is {FORMS}",
    )
