"""Warm start: a network begins with the weights of another run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from matdata.core.errors import ConfigError, TrainError
from matdata.load.normalizer import Normalizer
from matdata.load.order import random_bits
from matdata.training.contract import Schema, TorchTrainer
from matdata.training.engine import matching
from matdata.training.outputs import Head
from matdata.training.plan import Question
from matdata.training.predict import normalizer_of
from matdata.training.run import Run
from matdata.training.target import Target


def parent_of(run: Run, question: Question) -> dict[str, object]:
    """What the manifest of a child records about the run whose weights it takes."""
    return {
        "name": run.name,
        "weights": run.weights_digest(),
        "normalizer": "kept" if question.request.keep_normalizer else "fitted",
        "members": "Bayesian bootstrap" if _begin_alike(run, question) else "as they are",
    }


def settle(
    question: Question, parent: Run, schema: Schema, fitted: Normalizer
) -> tuple[Question, Normalizer]:
    """Say what a warm start changes, and refuse one that would mean something else.

    Parameters
    ----------
    question
        What the child is asked.
    parent
        The run that it takes weights from.
    schema
        What the child is built for.
    fitted
        The normalizer of the child's own training part.

    Returns
    -------
    question
        With notes, and the kind of the normalizer among its settings.
    normalizer
        The one to train with: the parent's if it is to be kept.

    Raises
    ------
    TrainError
        If the outputs of the parent mean something else, and the head is to be taken over.
    ConfigError
        If the parent's normalizer does not fit the targets.
    """
    _require_meaning(question, parent, schema)
    notes, chosen, settings = [], fitted, question.settings
    names, before = ([t.name for t in run] for run in (question.targets, parent.schema.targets))
    if names != before:
        notes.append(f"run {parent.name} learnt {', '.join(before)}, not {', '.join(names)}")
    if question.request.keep_normalizer:
        chosen = _kept(parent, fitted)
        settings = settings.replace(normalizer=chosen.kind)
        notes.append(f"targets are normalised as in run {parent.name} ({_shown(chosen)})")
    elif not _alike(fitted, normalizer_of(parent), following=names[: len(before)] == before):
        notes.append(
            f"targets are normalised otherwise than in run {parent.name} "
            f"({_shown(fitted)}; there {_shown(normalizer_of(parent))}), so what its weights "
            "predict is shifted at first; --keep-normalizer (keep_normalizer=True) keeps that one"
        )
    if _begin_alike(parent, question):
        notes.append(
            f"{settings.ensemble} members begin with the weights of {parent.settings.ensemble} of "
            f"run {parent.name}: each weighs the training materials by a draw of its own "
            "(Bayesian bootstrap, Rubin 1981), so that they differ"
        )
    return replace(question, notes=(*question.notes, *notes), settings=settings), chosen


def _alike(fitted: Normalizer, before: Normalizer, following: bool) -> bool:
    """Whether targets are normalised as before; of those that follow the parent's, only these."""
    shared = fitted.part(0, len(before.shift)) if following else fitted
    return shared.same_as(before)


def _begin_alike(parent: Run, question: Question) -> bool:
    """Whether several members begin with the weights of one."""
    return question.settings.ensemble > parent.settings.ensemble


def member_draws(parent: Run | None, question: Question, count: int) -> Tensor | None:
    """Factors of the losses of `count` training materials for each member; None if all are 1.

    Members that begin with the same weights and see the same batches stay the same, so each weighs
    the materials by a draw from a flat Dirichlet distribution, times their number: the Bayesian
    bootstrap of D. B. Rubin, Ann. Stat. 9, 130 (1981). Member m draws with seed + m.

    Returns
    -------
    Tensor, (members, count) float32
    """
    if parent is None or not _begin_alike(parent, question):
        return None
    settings = question.settings
    rows = []
    for member in range(settings.ensemble):
        bits = random_bits(count, settings.seed + member, "bootstrap") >> np.uint64(11)
        exponential = -np.log1p(-bits.astype(np.float64) * 2.0**-53)
        rows.append(exponential * (count / max(float(exponential.sum()), 1e-300)))
    return torch.from_numpy(np.array(rows, dtype=np.float32))


def _kept(parent: Run, fitted: Normalizer) -> Normalizer:
    """The parent's normalizer, if it is one for these targets."""
    stored = normalizer_of(parent)
    if len(stored.shift) != len(fitted.shift):
        raise ConfigError(
            f"the normalizer of run {parent.name!r} is one of {len(stored.shift)} columns, the "
            f"targets have {len(fitted.shift)}",
            next_step="leave out --keep-normalizer",
        )
    if ((stored.scale == 0) & (fitted.scale != 0)).any():
        raise ConfigError(
            f"a target of run {parent.name!r} was constant; its normalizer maps all values to one",
            next_step="leave out --keep-normalizer",
        )
    return stored


def _shown(normalizer: Normalizer) -> str:
    numbers = zip(normalizer.shift.tolist(), normalizer.scale.tolist(), strict=True)
    shown = [f"shift {shift:.6g}, scale {scale:.6g}" for shift, scale in numbers]
    more = f" and {len(shown) - 1} columns more" if len(shown) > 1 else ""
    return f"{normalizer.kind}, {shown[0]}{more}"


#: Names of classes that a message has.
NAMES_SHOWN = 10
#: What the columns of a head stand for.
NAMES = {
    "classification": "classes",
    "multi_label": "labels",
    "distribution": "shares",
    "sequence": "words by position",
}


def _meaning(schema: Schema, names_shown: int | None = None) -> list[str]:
    """What the outputs of each target stand for, with all names or the first ones."""
    described = []
    for head, target in zip(schema.heads, schema.targets, strict=True):
        names = f" ({', '.join(target.labels[:names_shown])})" if target.classes else ""
        kind = NAMES.get(target.task, "number" if target.size == 1 else "numbers")
        more = ""
        if head.parts == (target.size, target.size):
            more = " with standard deviations"
        elif head.width != target.size:
            more = f" in {head.width} columns"
        described.append(f"{target.size} {kind}{names}{more}")
    return described


def _require_meaning(question: Question, parent: Run, schema: Schema) -> None:
    """Refuse a head whose outputs meant something else, unless it begins anew.

    Targets that follow those of the parent leave the meaning of its outputs as it is; what such a
    target adds to the network is absent there, and `take_over` asks for a new beginning.
    """
    wanted, there = _meaning(schema), _meaning(parent.schema)
    if wanted[: len(there)] == there:
        return
    assert isinstance(question.trainer, TorchTrainer)
    names, head = _head(question.trainer, schema)
    anew = matching(names, question.request.reinit, "--reinit")
    remaining = [name for name in head if name not in anew]
    if remaining:
        few, few_there = _meaning(schema, NAMES_SHOWN), _meaning(parent.schema, NAMES_SHOWN)
        if few != few_there:
            wanted, there = few, few_there
        raise TrainError(
            f"the outputs of run {parent.name!r} are {', '.join(there)}, here they are "
            f"{', '.join(wanted)}",
            cause="the weights of its head would be read as something that they did not learn",
            next_step="begin the head anew: " + " ".join(f"--reinit {name}" for name in remaining),
        )


def _head(trainer: TorchTrainer, schema: Schema) -> tuple[list[str], list[str]]:
    """Names of all weights, and of those whose shape depends on what is learnt."""
    wide = tuple(map(_wider, schema.targets))
    heads = tuple(
        Head(head.target, tuple(part + other.size - target.size for part in head.parts))
        for head, target, other in zip(schema.heads, schema.targets, wide, strict=True)
    )
    with torch.random.fork_rng(devices=[]):
        of_model = trainer.model(schema).state_dict()
        other = trainer.model(Schema(wide, heads, schema.featurizers)).state_dict()
    same = {
        name for name in of_model if name in other and of_model[name].shape == other[name].shape
    }
    return list(of_model), [name for name in of_model if name not in same]


def _wider(target: Target) -> Target:
    """A target of more numbers; of sequences of one word and one position more."""
    if target.task != "sequence":
        return replace(target, size=target.size + 1, classes=(), shape=(), axis=None)
    words = (*target.labels, "".join(("more", *target.labels)))
    return replace(target, size=(target.columns + 1) * (len(words) + 1), classes=words)


def take_over(models: Sequence[nn.Module], parent: Run, reinit: Sequence[str]) -> list[str]:
    """Fill networks with the best weights of a run; member m gets those of member m, in turn.

    Parameters
    ----------
    models
        The members.
    parent
        A run of a plugin with the same weights.
    reinit
        Patterns of weights that keep their own first values (the head for another target).

    Returns
    -------
    list of str
        Names of the weights that were not taken over.

    Raises
    ------
    TrainError
        If a weight that is to be taken over is absent there or has another shape.
    ConfigError
        If a pattern matches nothing.
    """
    weights = {name: torch.from_numpy(value) for name, value in parent.weights().items()}
    drawn = models[0].state_dict()
    anew = matching(list(drawn), reinit, "--reinit")
    for name, value in drawn.items():
        if name in anew:
            continue
        if name not in weights or weights[name].shape[1:] != value.shape:
            there = list(weights[name].shape[1:]) if name in weights else "absent"
            raise TrainError(
                f"weight {name} is {there} in run {parent.name!r}, {list(value.shape)} here",
                cause="the runs differ in hypers, loss or number of targets",
                next_step=f"train with the hypers of that run, or add --reinit {name}",
            )
    members = len(next(iter(weights.values())))
    for member, model in enumerate(models):
        taken = {n: weights[n][member % members] for n in drawn if n not in anew}
        model.load_state_dict({**model.state_dict(), **taken})
    return anew
