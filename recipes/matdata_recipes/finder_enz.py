"""Epsilon-near-zero materials from predicted dielectric functions (Finder, section 2.5, figure 6).

python -m matdata_recipes.finder_enz --stand-in 1000 --folder enz
python -m matdata_recipes.finder_enz --from dft_3d.json --optics xml --epochs 300 --folder enz

All of it by one command: a dataset with spectra, a split, a training each for real and imaginary
part, both scores, the screening, its pictures, light and dark, and plasma edges of the test part
beside the true ones (``plasma_edges.json`` and ``.csv``; `plasma_edges.py`). A stage is an ordinary
artefact of the cache: what was stopped continues with the same command.

JARVIS' dielectric functions are read from its set (``--from``) and a folder of ``<jid>.xml``
(``--optics``), pages of the database or vaspruns. As in the paper and its code, the last value is
held where data end before the grid, and materials of one element, with noble gases, or with 500
sites or more are left out. ``--stand-in N`` takes N SYNTHETIC materials in their place: Lorentz
oscillators that depend smoothly on composition (`oscillators.py`), neither calculated nor measured;
what comes of them says whether the pipeline works, and nothing about any material.

``--beside rescnn`` trains ResCNN on both parts under the same split as well, and draws two
materials of the test part as figures 6a and 6b do: both models with the true function
(``figure-6a.png``, ``figure-6b.png``, light and dark; errors in ``beside.json``;
`dielectric_curves.py`).

The paper predicts both parts on splits of their own, with 3,000 points from 0 to 30 eV, layers of
up to 1,024 units and 300 epochs, and screens the Materials Project: ``--screen DATASET`` names
a dataset with formula graphs and an energy above the hull; else the spectra's own is screened.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from matdata import cli
from matdata import open as open_dataset
from matdata.core.cache import cache_dir
from matdata.core.errors import ConfigError
from matdata.spectra.grid import parse_grid
from matdata.training.evaluated import predictions_on_record
from matdata.training.run_lookup import find_run
from matdata_recipes import dielectric_curves, oscillators
from matdata_recipes.plasma_edges import plasma_edges
from matdata_recipes.script import printing_errors
from matdata_recipes.table_presets import DIELECTRIC_MODELS

PARTS = ("re", "im")
FINDER = "finder"
#: As the paper writes models that are drawn beside it.
NAMES = {"rescnn": "ResCNN"}
#: Of JARVIS: its column of energies above the hull, and what the paper leaves out.
HULL, NOBLE_GASES = "ehull", "He,Ne,Ar,Kr,Xe,Rn"
#: Of both trainings: absolute errors, as in the paper.
LOOP = ("train.loss=l1", "train.tensorboard=false")
#: What the paper has beside Finder's own sizes: targets as they are. And what a CPU trains in a
#: minute.
FULL = ("train.normalizer=none",)
SMALL = ("train.schedule=cosine", "hyper.filters=16", "hyper.dense=256,256,256,256")
#: The same of models beside it: that of the authors' code, and a small one.
FULL_BESIDE = {
    "rescnn": tuple(
        [f"train.{key}={value}" for key, value in DIELECTRIC_MODELS["rescnn"][0].items()
         if key not in ("epochs", "loss")]
        + [f"hyper.{key}={value}" for key, value in DIELECTRIC_MODELS["rescnn"][1].items()]
    )
}  # fmt: skip
SMALL_BESIDE = {
    "rescnn": ("train.schedule=cosine", "hyper.filters=16,16,16", "hyper.dense=256,256,256")
}


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = arguments.add_argument
    add("--from", dest="file", type=Path, metavar="FILE", help="a JARVIS set, zip or JSON")
    add("--optics", type=Path, metavar="DIR", help="folder of its <jid>.xml")
    add("--stand-in", type=int, metavar="N", help="N synthetic materials in place of JARVIS'")
    add("--component", default="xx", help="direction of the spectra of JARVIS (default: xx)")
    add("--grid", default="0:30:3000", metavar="A:B:N", help="energies in eV, and how many points")
    add("--skip", type=int, help="points at the start without a crossover (default: 0.1 eV)")
    add("--beside", choices=sorted(SMALL_BESIDE), help="a second model, drawn beside Finder")
    add("--screen", metavar="DATASET", help="what is screened (default: the spectra's dataset)")
    add(
        "--name",
        help="of the dataset (default: dielectric, with synthetic- before it for a stand-in);"
        " runs are NAME-re and NAME-im",
    )
    add("--folder", type=Path, default=Path("enz"), metavar="DIR", help="files, table, pictures")
    add("--epochs", type=int, default=60, help="of each training (default: 60)")
    add("--lr", type=float, default=1e-3, help="highest learning rate (default: 0.001)")
    add("--batch-size", type=int, default=32, help="materials in a step (default: 32)")
    add("--full", action="store_true", help="sizes and targets of the paper, for a GPU")
    add("--seed", type=int, default=0, help="of stand-in, split and weights (default: 0)")
    add("--threads", type=int, default=1, help="of torch (default: 1)")
    add("--min-pairs", type=int, default=5, help="compositions that join elements (default: 5)")
    add("--cache", metavar="DIR", help="cache folder (else $MATDATA_CACHE)")
    return arguments


def energies_of(given: argparse.Namespace) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The energies of the grid."""
    return parse_grid(given.grid).values()


def source(given: argparse.Namespace) -> list[str]:
    """What the dataset is built from, as words of `matdata build`; writes the file of a stand-in.

    Raises
    ------
    ConfigError
        If neither JARVIS' files nor a stand-in is named, or the grid is none.
    """
    if (given.stand_in is None) == (given.file is None):
        raise ConfigError("name a JARVIS set (--from FILE --optics DIR), or --stand-in N")
    if given.stand_in is None:
        if given.optics is None:
            raise ConfigError("--from needs --optics DIR, the folder of <jid>.xml")
        return [
            *(f"jarvis:{given.file}", "--spectra", str(given.optics), "--only-with-spectra"),
            *("--components", given.component, "--grid", given.grid, "--beyond", "hold"),
            *("--dedupe", "polymorph", "--unit", f"{HULL}=eV/atom", "--filter", "n_elements > 1"),
            *("--filter", "sites_below=500", "--filter", f"exclude_elements={NOBLE_GASES}"),
        ]
    path: Path = given.folder / "spectra.jsonl"
    oscillators.write_records(path, given.stand_in, energies_of(given), given.seed)
    print(f"{given.stand_in:,} SYNTHETIC materials: {oscillators.STATED}")
    axes = [("--axis", f"{_target(part, given)}=energies") for part in PARTS]
    return [
        *(str(path), "--unit", "energies=eV", "--unit", "energy_above_hull=eV/atom"),
        *("--description", oscillators.STATED, *axes[0], *axes[1]),
    ]


def commands(words: Sequence[str], given: argparse.Namespace) -> Iterator[list[str]]:
    """All stages, as commands: each once those before it are carried out."""
    yield [
        *("build", *words, "--name", given.name, "--split", "80/10/10"),
        *("--seed", str(given.seed), "--workers", "1"),
    ]
    yield ["featurize", given.name, "formula-graph", "--workers", "1"]
    if given.beside:
        yield ["featurize", given.name, "fractions", "--set", "fractions.elements=103"]
    models = [FINDER, *filter(None, [given.beside])]
    for model in models:
        for part in PARTS:
            yield _train(given, model, part)
    for model in models:
        for part in PARTS:
            yield ["evaluate", _run(given, part, model)]
    for style in ("dark", "light"):  # the table is that of the last
        yield _screen(given, style)


def _train(given: argparse.Namespace, model: str, part: str) -> list[str]:
    full, small = (FULL, SMALL) if model == FINDER else (FULL_BESIDE[model], SMALL_BESIDE[model])
    pairs = dict.fromkeys(
        (*LOOP, f"train.batch_size={given.batch_size}", f"train.seed={given.seed}",
         f"train.lr={given.lr!r}", f"train.epochs={given.epochs}", *(full if given.full else small))
    )  # fmt: skip
    last = {pair.partition("=")[0]: pair for pair in pairs}  # a model's own rate and batch win
    return [
        *("train", model, given.name, "--name", _run(given, part, model)),
        *("--target", _target(part, given), "--split", f"80-10-10-seed{given.seed}"),
        *("--threads", str(given.threads)),
        *(word for pair in last.values() for word in ("--set", pair)),
    ]


def _run(given: argparse.Namespace, part: str, model: str = FINDER) -> str:
    return f"{given.name}-{part}" if model == FINDER else f"{given.name}-{model}-{part}"


def _target(part: str, given: argparse.Namespace) -> str:
    return f"eps_{part}_{'xx' if given.file is None else given.component}"


def _screen(given: argparse.Namespace, style: str) -> list[str]:
    runs = [_run(given, part) for part in PARTS]
    own = given.screen is None and given.file is not None
    rule = f"enz:skip={_skip(given)}" + (f",hull_column={HULL}" if own else "")
    return ["screen", *runs, given.screen or given.name, "--rule", rule,
            "--output", str(given.folder / "enz.csv"), "--style", style,
            "--pictures", str(given.folder / f"pictures-{style}"),
            "--min-pairs", str(given.min_pairs), *_examples(given)]  # fmt: skip


def _skip(given: argparse.Namespace) -> int:
    """Points at the start at which no crossover counts: the 10 of the paper are 0.1 eV."""
    if given.skip is not None:
        return int(given.skip)
    energies = energies_of(given)
    return int(np.searchsorted(energies, energies[0] + 10 * 30 / 2999, "right")) - 1


def _examples(given: argparse.Namespace) -> list[str]:
    """Two materials of the test part (figures 6a, 6b), and the first two that are kept (6e, 6f)."""
    if given.screen is not None:
        return []
    return [word for name in _shown(given) for word in ("--example", name)]


def _shown(given: argparse.Namespace) -> list[str]:
    ids = predictions_on_record(find_run(cache_dir(given.cache), _run(given, "re")))["material_id"]
    return [str(name) for name in ids[:2]]


def _draw_beside(given: argparse.Namespace) -> dict[str, Any]:
    """Figures 6a and 6b, and the errors of both models."""
    cache = cache_dir(given.cache)
    models = {"Finder": FINDER, NAMES[given.beside]: given.beside}
    parts = []
    for part in PARTS:
        runs = {name: find_run(cache, _run(given, part, one)) for name, one in models.items()}
        parts.append(dielectric_curves.Part.of_runs(part, runs))
    dataset = open_dataset(given.name, cache=cache)
    formulas = {name: str(dataset.columns["formula"][dataset.row(name)]) for name in _shown(given)}
    data = oscillators.STATED if given.file is None else "JARVIS-DFT"
    caption = (f"test part of {dataset.ref}, split 80-10-10-seed{given.seed}", data)
    return dielectric_curves.write(given.folder, formulas, parts, caption)


def _plasma_edges(given: argparse.Namespace) -> dict[str, Any]:
    """Crossovers of predicted spectra of the test part against the true ones, and their table."""
    table = predictions_on_record(find_run(cache_dir(given.cache), _run(given, "re")))
    target = _target("re", given)
    true = np.array(table[f"truth_{target}"])
    predicted = np.array(table[f"prediction_{target}_mean"])
    edges = plasma_edges(true, predicted, energies_of(given), _skip(given))
    edges.write(given.folder / "plasma_edges.csv", [str(name) for name in table["material_id"]])
    return edges.summary()


@printing_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out all stages; returns the exit code of the first that fails."""
    given = parser().parse_args(arguments)
    if given.name is None:
        given.name = "dielectric" if given.stand_in is None else "synthetic-dielectric"
    cache = ["--cache", str(cache_dir(given.cache))]
    for words in commands(source(given), given):
        print(f"$ matdata {shlex.join(words)}", flush=True)
        code = cli.main([*words, *cache])
        if code:
            return code
    edges = _plasma_edges(given)
    (given.folder / "plasma_edges.json").write_text(json.dumps(edges, indent=1) + "\n")
    print(json.dumps(edges, indent=1))
    if given.beside:
        beside = _draw_beside(given)
        (given.folder / "beside.json").write_text(json.dumps(beside, indent=1) + "\n")
        print(json.dumps(beside, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
