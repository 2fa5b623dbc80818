"""The arguments of all commands; those of `matdata.cli.options.TABLES` come from their options."""

from __future__ import annotations

import argparse

from matdata import __version__
from matdata.cli import plugin_commands, sharing_arguments, train_arguments
from matdata.cli.completion import SHELLS, PrintCompletion
from matdata.cli.descriptions import DESCRIPTIONS
from matdata.cli.early import add_arguments as add_early_arguments
from matdata.cli.options import add_options, options_of_command
from matdata.cli.parser import Parser
from matdata.core.exit_codes import described
from matdata.core.scheduler_names import HELP as SCHEDULERS

DESCRIPTION = """\
Builds curated, split, featurized and verified crystal datasets, and trains models on them.

  matdata build sample --features ofm      the embedded sample: nothing is downloaded
  matdata build crystals.csv --features ofm --target band_gap
  matdata build mp --features ofm          the Materials Project (needs MP_API_KEY)

`matdata COMMAND --help` has the options of a command, with examples.
"""
DATASET = ("dataset", "name, or name@version")
REPORTED = (
    "of",
    "name of a dataset (or name@version) or of a run; run:NAME or dataset:NAME where both have it",
)


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that every command has."""
    group = parser.add_argument_group("everywhere")
    group.add_argument("--cache", metavar="DIR", help="cache folder (else $MATDATA_CACHE)")
    group.add_argument("--quiet", action="store_true", help="print warnings and errors only")
    group.add_argument(
        "--repair",
        action="store_true",
        help="make damaged artefacts that the command reads again (build, featurize and split do)",
    )
    group.add_argument("--debug", action="store_true", help="show tracebacks, of records too")
    add_early_arguments(group)


def make_parser(command: str | None = None, *, with_file: bool = True) -> Parser:
    """The parser of the command line.

    Parameters
    ----------
    command
        The only command whose options are looked up, which takes time; those of all if None.
    with_file
        Whether a file may hold options, so that the command line alone need not be whole.

    Raises
    ------
    PluginError
        If the only command is one of a plugin that cannot be used.
    """
    parser = Parser(prog="matdata", description=DESCRIPTION, epilog=described())
    parser.add_argument("--version", action="version", version=f"matdata {__version__}")
    parser.add_argument(
        "--print-completion",
        choices=SHELLS,
        action=PrintCompletion,
        help="print a script that completes commands, options and names in a shell",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    def add(name: str, help: str, *arguments: tuple[str, str]) -> argparse.ArgumentParser:
        text = str(DESCRIPTIONS[name])
        one = commands.add_parser(name, help=help, description=text)
        for argument, meaning in arguments:
            one.add_argument(argument, help=meaning)
        if command in (None, name):
            options = options_of_command(name)
            if options:
                add_options(one, options, with_file=with_file)
        return one

    _add_making(add)
    train_arguments.add_all(add)
    _add_reading(add)
    sharing_arguments.add_all(add)
    plugin_commands.add_all(commands, command)
    for one in commands.choices.values():
        add_common(one)  # last, so that the help ends with it
    return parser


def _add_making(add: train_arguments.Add) -> None:
    """The commands that make datasets, and look at how they were made."""
    add("build", "source to verified dataset")
    add("featurize", "add features to a dataset")
    add("work", "add features together with other processes on a shared file system")
    add("split", "add a split, or the splits of all folds, to a dataset")
    add("hull", "energies above the convex hull of known phases, as columns of a dataset")
    add("substitute", "candidates by element substitution in the materials of a dataset")
    _add_audit(add("audit", "what the parts of a split share, judged by its purpose", DATASET))
    _add_card(add("card", "a README and a Croissant file beside the data of a dataset", DATASET))
    _add_report(add("report", "what a dataset or a run is like, as one page or as text", REPORTED))
    older = ("dataset", "the older one: name@version, or source/version for a snapshot")
    diff = add("diff", "what changed between two versions", older, ("other", "the newer one"))
    diff.add_argument("--exit-code", action="store_true", help="exit with 1 if anything differs")
    diff.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="tolerances: target=0.001 (its unit), volume=0.01, distance=0.01 (relative)",
    )


def _add_card(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output",
        metavar="PATH",
        required=True,
        help="a folder that `matdata export … --format hf` wrote, or a file of .parquet or .csv "
        "that it wrote; a new one gets the data as well",
    )
    parser.add_argument(
        "--split", metavar="NAME", help="of a new folder: whose parts are written; the only one"
    )
    parser.add_argument(
        "--features", metavar="A,B", help="stored features of a new folder or a file"
    )


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="write the report (.html: one file that needs nothing else), or draw the funnel of a "
        "dataset (.png, .svg, .pdf); else the funnel, or the scores of a run, are printed",
    )
    parser.add_argument(
        "--pictures",
        metavar="DIR",
        help="draw funnel, elements, each target and each split of a dataset into this folder",
    )
    train_arguments.add_look(parser)


def _add_audit(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Exit code 0: nothing is shared that the split keeps apart; what else is shared, such as "
        "the chemical systems of a random split, is information, or a warning where it may be the "
        "same material. Exit code 1: a group of a group split, or a near duplicate of a training "
        "material, is on both sides, or a key of --forbid is; or the audit could not be made. "
        "Exit code 2: arguments that cannot be read."
    )
    parser.add_argument("--split", metavar="NAME", help="which split; the only one if not given")
    parser.add_argument(
        "--keys",
        metavar="A,B",
        help="columns to compare by (formula,chemsys,protostructure and what it groups by)",
    )
    parser.add_argument(
        "--allow", metavar="A,B", help="keys that may be shared (for the exit code)"
    )
    parser.add_argument(
        "--forbid", metavar="A,B", help="keys that train may not share, such as formula"
    )
    parser.add_argument(
        "--near-duplicates", action="store_true", help="compare the structures as well"
    )
    parser.add_argument(
        "--judge", action="store_true", help="let pymatgen's StructureMatcher confirm these"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="volume_tolerance=0.05, distance_tolerance=0.05, neighbours=6",
    )
    _add_scheduler(parser, "where near duplicates are searched")


def _add_scheduler(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--scheduler", metavar="WHERE", help=f"{what}: {SCHEDULERS}")


def _add_reading(add: train_arguments.Add) -> None:
    """The commands that show, check and write what there is."""
    listing = add("list", "what the cache holds")
    listing.add_argument(
        "--size", action="store_true", help="with bytes on disk of everything, files once each"
    )
    _add_removing(add)
    features = add("features", "the features there are, with settings, units and citations")
    features.add_argument("name", nargs="?", help="show this one, with what it stores")
    doctor = add(
        "doctor", "whether installation, machine, cache and plugins work; exit code 1 if not"
    )
    doctor.add_argument(
        "--full", action="store_true", help="import torch and run a compiled function as well"
    )
    add("info", "one dataset: funnel, columns, splits, features", DATASET)
    add("show", "one material", DATASET, ("id", "material id"))
    verify = add("verify", "reread every byte and compare digests")
    verify.add_argument("dataset", nargs="?", help="name, or name@version; all if not given")
    _add_scheduler(verify, "where files are reread")
    _add_export(
        add("export", "write a dataset for other programs", DATASET, ("output", "file or folder"))
    )


def _add_removing(add: train_arguments.Add) -> None:
    """The commands that remove."""
    forms = "NAME[@VERSION][/features/FEATURE | /splits/SPLIT], snapshots/…, references/… or runs/…"
    ref = ("ref", forms)
    rm = add("rm", "remove a dataset, feature, split, snapshot, reference or run", ref)
    rm.add_argument(
        "--cascade", action="store_true", help="remove what was made from it as well, runs included"
    )
    rm.add_argument(
        "--forget-openings",
        action="store_true",
        help="remove the record of opened test parts as well (it stays otherwise)",
    )
    gc = add("gc", "remove what nobody needs")
    gc.add_argument(
        "--keep",
        type=int,
        metavar="N",
        help="keep N versions of each dataset, those used last and those that runs refer to",
    )
    for one in (rm, gc):
        one.add_argument("--dry-run", action="store_true", help="print what would go, with bytes")


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format",
        help="npz, hdf5, parquet, extxyz, csv, jsonl, hf, aselmdb, pyg, matbench or optimade; by "
        "the ending of output if not given",
    )
    parser.add_argument(
        "--split",
        metavar="NAME",
        help="the saved split that hf and matbench write; the only one if not given",
    )
    parser.add_argument(
        "--derived",
        action="store_true",
        help="write columns that matdata computes as well (chemsys, space group, …), which a "
        "rebuild computes anew",
    )
    parser.add_argument(
        "--raw-text",
        action="store_true",
        help="csv: leave texts as they are that a spreadsheet would run (else preceded by ')",
    )
    parser.add_argument(
        "--snapshot",
        action="store_true",
        help="write the records that it was made from (.jsonl, .jsonl.gz), for build --from",
    )
    parser.add_argument(
        "--archive",
        action="store_true",
        help="write dataset, splits and --features as an archive (.zip, .tar, .tar.gz) for import",
    )
    parser.add_argument("--features", metavar="A,B", help="dense arrays to write")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FEATURE.KEY=VALUE",
        help="a setting of a feature (ofm.level=structure)",
    )
