"""Arguments of the commands that train and judge models."""

from __future__ import annotations

import argparse
from collections.abc import Callable

Add = Callable[..., argparse.ArgumentParser]


def add_all(add: Add) -> None:
    """Add the commands to the command line."""
    plugins = add("plugins", "what is installed beside matdata, and what is wrong with it")
    plugins.add_argument("name", nargs="?", help="show this one, with the settings of the loop")
    plugins.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="for the import of one plugin (20)"
    )
    add("train", "train a plugin on a dataset")
    add("sweep", "search for the hyperparameters with the best validation score")
    add("predict", "predict other materials with a run")
    add("embed", "what the network of a run makes of materials, as a feature or a file")
    add("nearest", "the training materials of a run that are most similar to others")
    add("evaluate", "open the test part of a run's split, once, and score the run")
    add("discover", "rank candidates by how stable a run predicts them")
    add("screen", "keep the materials of which runs predict what is asked for")
    runs = add("runs", "rank runs by validation error, with test scores where they were opened")
    runs.add_argument("names", nargs="*", help="these runs; all of the cache if none is named")
    runs.add_argument("--csv", action="store_true", help="print a table as CSV, with all scores")
    runs.add_argument(
        "--folds",
        action="store_true",
        help="trainings on all folds alone, their means with standard errors: 0.264(3)",
    )
    runs.add_argument(
        "--reach",
        type=float,
        metavar="ERROR",
        help="epochs and seconds until the validation error was at most this, by run and target",
    )
    _curve(
        add(
            "curve",
            "how the validation error of a run falls with the number of training materials",
            ("run", "name of the run"),
        )
    )
    _import_run(add("import-run", "weights that another package published, as a run"))
    _cecv(add("cecv", "chemical environment clustering vectors of runs (L-G-DCNN, figure 3)"))
    _contributions(
        add(
            "contributions",
            "what each element contributes to predictions",
            ("run", "name of the run"),
        )
    )
    _edges(add("edges", "edges that a run predicts within formulas", ("run", "name of the run")))


def _curve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fractions",
        metavar="A,B",
        help="shares of the training part beside all of it (0.0625,0.125,0.25,0.5)",
    )
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="trainings of each, from the run's seed"
    )
    parser.add_argument("--output", metavar="DIR", help="where numbers and pictures go")
    parser.add_argument("--no-pictures", action="store_true", help="write none")
    add_look(parser)


def _import_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", metavar="IMPORTER:PLACE", help="what reads the weights, and where they lie"
    )
    parser.add_argument("--name", required=True, help="name of the run")
    parser.add_argument("--target", metavar="COLUMN", help="what they predict, if they do not say")
    parser.add_argument("--unit", help="its unit, if they do not say it: eV/atom; 1 for none")
    parser.add_argument("--dataset", help="a dataset with that target, to score the run on")
    parser.add_argument("--split", metavar="NAME", help="its split; the only one if not given")
    parser.add_argument("--licence", help="of the weights, if the importer does not know it")
    parser.add_argument("--citation", help="of the weights")
    parser.add_argument("--description", help="of the weights, such as what they were trained on")


def _cecv(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="+", metavar="run", help="runs on one dataset and split")
    parser.add_argument("--global-run", metavar="RUN", help="global reference, such as an LSTM")
    parser.add_argument("--local-run", metavar="RUN", help="local reference, such as a DCNN-K1")
    parser.add_argument("--containing", metavar="ELEMENT", help="only compounds with it")
    parser.add_argument(
        "--method",
        choices=("environments", "compounds"),
        default="environments",
        help="compare correlations between elements (as published), or mean vectors",
    )
    parser.add_argument("--thresholds", metavar="A,B", help="default: 0.05,0.1,…,0.4")
    _look(parser)


def _contributions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--along", metavar="A-B", help="along AxB1-x instead, such as Si-O")
    parser.add_argument("--points", type=int, help="compositions along it (default: 49)")
    parser.add_argument(
        "--beside", metavar="RUN", help="less those of another run on the same materials"
    )
    _look(parser, part=None)


def _edges(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--formula", nargs="+", required=True, metavar="FORMULA", help="such as SrTiO3 BaTiO3"
    )
    parser.add_argument(
        "--layer", type=int, default=0, metavar="N", help="message passing layer, from 1; 0: last"
    )
    parser.add_argument("--atoms", action="store_true", help="draw a row per atom, not per element")
    _output(parser)


def _look(parser: argparse.ArgumentParser, part: str | None = "test") -> None:
    parser.add_argument("--part", default=part, help="test, val, train or all (inputs only)")
    _output(parser)


def add_look(parser: argparse.ArgumentParser) -> None:
    """How pictures are written."""
    parser.add_argument(
        "--format", default="png", metavar="A,B", help="formats of pictures: png, svg, pdf"
    )
    parser.add_argument("--style", default="light", help="their colours: light or dark")


def _output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", metavar="DIR", help="where numbers and pictures go")
    parser.add_argument("--no-pictures", action="store_true", help="write none")
    add_look(parser)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda")
