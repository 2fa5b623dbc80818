"""Figures that are read from the runs of an item's presets, which were trained before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.elements import symbols
from matdata.core.units import with_unit
from matdata.figures.histograms import horizontal_bars
from matdata.figures.picture import NARROW, Look, Picture, draw_band, integer_axis, plain
from matdata.plugin import ConfigError
from matdata.store.catalogue import find_dataset
from matdata.training.evaluated import predictions_on_record
from matdata.training.run import Run
from matdata.training.run_lookup import find_run
from matdata_recipes.presets import Preset
from matdata_recipes.reproduce.analyses import Asked, Check

Float = npt.NDArray[np.float64]
#: Du et al., figure 12: compounds with this element, so many of them, and what most pairs hold.
ELEMENT, WORST, ELECTRONEGATIVE = "Si", 56, ("O", "F", "Cl")
#: Pairs that the figure has room for.
SHOWN = 20
#: Yang and Huang, figure 5c-d: formula, end of the preset's data set, what the text has of it, and
#: the number it prints for the prediction. The moduli are said to be off by less than 1 %.
NAMED: tuple[tuple[str, str, str, float | None], ...] = (
    ("Mn2O7", "band-gap", "band gap, eV", 1.74),
    ("Mn2O7", "formation-energy", "formation energy, eV/atom", None),
    ("Si3NiP4", "log-bulk-modulus", "bulk modulus", None),
    ("Si3NiP4", "log-shear-modulus", "shear modulus", None),
)


def _runs(asked: Asked, preset: Preset) -> list[Run]:
    """The runs of a preset, one for each seed."""
    return [find_run(asked.cache, preset.run(seed)) for seed in asked.seeds]


def _drawn(asked: Asked, stem: str, draw: Callable[[Look], Picture]) -> None:
    if asked.pictures is None:
        return
    asked.pictures.mkdir(parents=True, exist_ok=True)
    for style in ("light", "dark"):
        draw(Look(style)).write(asked.pictures / f"{stem}-{style}.png")


def _on_record(run: Run) -> tuple[list[str], Float, Float]:
    """Materials of the test part, their true values and the predictions."""
    columns, (target, *_) = predictions_on_record(run), run.schema.targets
    true = [np.nan if one is None else one for one in columns[f"truth_{target.name}"]]
    made = columns[f"prediction_{target.name}_mean"]
    return [*columns["material_id"]], np.array(true, float), np.array([*made], float)


def changed_pairs_of_worst(asked: Asked) -> list[Check]:
    """Pairs of elements that the model and its global part see most differently (figure 12).

    Among the compounds with silicon of the test part, those whose error shrinks most from the
    second preset to the first. The paper says which were chosen by their number alone.
    """
    from matdata.evaluation.interpret import elements_of, feature_maps, materials_of
    from matdata.evaluation.pair_changes import changed_pairs, counted_pairs

    (run, *_), (reference, *_) = (_runs(asked, preset) for preset in asked.presets)
    ids, true, made = _on_record(run)
    its = dict(zip(*_on_record(reference)[::2], strict=True))
    having = set(materials_of(run, "test", ELEMENT).tolist())
    gains = {
        name: abs(its[name] - known) - abs(own - known)
        for name, known, own in zip(ids, true, made, strict=True)
        if name in having and name in its and np.isfinite(known)
    }
    worst = sorted((name for name in gains if gains[name] > 0), key=lambda n: (-gains[n], n))
    chosen = np.sort(np.array(worst[:WORST], dtype=np.str_))
    if not len(chosen):
        raise ConfigError(
            f"no compound with {ELEMENT} is predicted better by {run.name!r} than by "
            f"{reference.name!r}",
            next_step="look at both runs: the figure is about what the fusion mends",
        )
    maps = [part(one, chosen) for one in (run, reference) for part in (feature_maps, elements_of)]
    names = symbols()
    counts = {
        f"{names[first]}-{names[second]}": count
        for (first, second), count in counted_pairs(changed_pairs(*maps)).items()
    }
    total = sum(counts.values())
    asked.console.say(f"{len(chosen):,} compounds, {total:,} of three elements or more")
    for pair, count in [*counts.items()][:SHOWN]:
        asked.console.say(f"{pair}: {count:,} compounds")
    _drawn(asked, "figure-12", lambda look: _pairs_drawn(counts, len(chosen), look))
    if not total:
        return []
    held = sum(n for pair, n in counts.items() if {*pair.split("-")} & {*ELECTRONEGATIVE})
    what = f"most of the pairs hold {', '.join(ELECTRONEGATIVE[:-1])} or {ELECTRONEGATIVE[-1]}"
    return [Check(what, float(held > total / 2), 1.0)]


def _pairs_drawn(counts: Mapping[str, int], compounds: int, look: Look) -> Picture:
    bars = [*counts.items()][:SHOWN]
    title = "Pairs of elements that change most by the fusion"
    picture = Picture((6.6, 1.6 + 0.24 * max(3, len(bars))), title, look)
    axes = picture.panel()
    picture.headline(axes, f"{compounds:,} compounds of {ELEMENT}")
    horizontal_bars(picture, axes, bars)
    axes.set(xlabel="compounds", ylabel="pair of elements")
    return picture


def named_crystals(asked: Asked) -> list[Check]:
    """What is predicted of the two crystals that the paper names, where the test part has them."""
    checks: list[Check] = []
    for preset in asked.presets:
        for formula, data, what, printed in NAMED:
            if not preset.data.endswith(data):
                continue
            for run in _runs(asked, preset):
                checks += _of_crystal(asked, run, formula, what, printed)
    return checks


def _of_crystal(
    asked: Asked, run: Run, formula: str, what: str, printed: float | None
) -> list[Check]:
    dataset = find_dataset(run.cache, run.dataset_ref)
    wanted = _reduced(formula)
    ids, true, made = _on_record(run)
    formulas = dict(zip(dataset.ids.tolist(), dataset.columns["formula"], strict=True))
    found = [row for row, name in enumerate(ids) if _reduced(formulas[name]) == wanted]
    if not found:
        asked.console.say(f"{run.name}: the test part has no {formula}")
        return [Check(f"{formula}, {what}", None, printed, None)]
    log = run.schema.targets[0].name.startswith("log10")
    checks = []
    for row in found:
        pair = np.array([made[row], true[row]])
        own, known = 10.0**pair if log else pair
        label = f"{formula} ({ids[row]}), {what}"
        asked.console.say(f"{label}: {own:.4g} predicted, {known:.4g} computed")
        checks.append(Check(label, float(own), printed, None))
    return checks


def _reduced(formula: str) -> tuple[tuple[int, float], ...]:
    """Atomic fractions of a formula, the same for Mn2O7 and Mn4O14."""
    from matdata.core.composition import parse_formula

    amounts = parse_formula(formula)
    total = sum(amounts.values())
    return tuple(sorted((z, round(amount / total, 6)) for z, amount in amounts.items()))


def training_errors(asked: Asked) -> list[Check]:
    """Mean and standard deviation over members of the error after each epoch (figure 4.6)."""
    from matdata.evaluation.reached import member_errors

    curves: dict[str, tuple[Sequence[int], Float]] = {}
    quantity = unit = ""
    for preset in asked.presets:
        for run in _runs(asked, preset):
            quantity, unit, epochs, errors = member_errors(run)
            curves[run.name] = (epochs, np.array(errors))
            last = curves[run.name][1][:, -1]
            error = with_unit(f"{last.mean():.4g} ± {last.std():.2g}", unit)
            asked.console.say(
                f"{preset.name}: {error} after epoch {epochs[-1]}, {len(last)} members"
            )
    text = with_unit(f"validation error of {quantity}", unit)
    _drawn(asked, "figure-4.6", lambda look: _training_drawn(curves, text, look))
    return []


def _training_drawn(
    curves: Mapping[str, tuple[Sequence[int], Float]], text: str, look: Look
) -> Picture:
    picture = Picture(NARROW, "Error while training", look)
    axes = picture.panel()
    for place, (name, (epochs, errors)) in enumerate(curves.items()):
        style: dict[str, Any] = {"color": picture.colours.cycle[place % len(picture.colours.cycle)]}
        x, middle = np.array(epochs, float), errors.mean(0)
        axes.plot(x, middle, label=plain(name, 40), **style)
        if len(errors) > 1:
            draw_band(axes, x, middle, errors.std(0), None, alpha=0.2, **style)
    picture.headline(axes, "mean of the members, ± one standard deviation")
    axes.set(xlabel="epoch", ylabel=plain(text, 60))
    integer_axis(axes, "x")
    picture.legend_beside(axes, loc="best")
    return picture
