"""The command line: parsing and printing only; the work is done by `matdata.cli.commands`."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator, Sequence

from matdata import __version__
from matdata.cli import train_arguments
from matdata.core.ledger import DEBUG
from matdata.core.streams import screened

DESCRIPTION = """\
Builds curated, split, featurized and verified crystal datasets.

  matdata build sample --features ofm      the embedded sample: nothing is downloaded
  matdata build crystals.csv --features ofm --target band_gap
  matdata build mp --features ofm          the Materials Project (needs MP_API_KEY)
"""
INTERRUPTED = 130  # the shell's code for Ctrl-C


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    group = common.add_argument_group("everywhere")
    group.add_argument("--cache", metavar="DIR", help="cache folder (else $MATDATA_CACHE)")
    group.add_argument("--json", action="store_true", help="print the result as JSON")
    group.add_argument("--quiet", action="store_true", help="print warnings and errors only")
    group.add_argument("--debug", action="store_true", help="show tracebacks, of records too")
    return common


def _add_work(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", default="zarr", help="zarr or hdf5 (default: zarr)")
    parser.add_argument("--workers", type=int, metavar="N", help="threads or processes")
    parser.add_argument("--shard-rows", type=int, metavar="N", help="most crystals in a shard")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FEATURE.KEY=VALUE",
        help="a setting of a feature (ofm.period_tag=true)",
    )


def _add_split_of_build(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--split", default="auto", help="70/15/15, counts, or none")
    parser.add_argument("--group-by", metavar="COLUMN", help="keep groups on one side")
    parser.add_argument("--seed", type=int, default=0, help="seed of sample and split")


def _add_split(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--method",
        help="random (default), stable, group, kfold, element, taata, time, matbench or fixed",
    )
    parser.add_argument("--split", metavar="RATIOS", help="70/15/15 (default), 80/20, or counts")
    parser.add_argument("--group-by", "--by", metavar="COLUMN", help="keep groups on one side")
    parser.add_argument("--seed", type=int, help="seed of the draw (default: 0)")
    parser.add_argument("--name", help="save under this name")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="another setting of the method (k=10, file=ids_train_val_test.json, column=part)",
    )


def _add_audit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--split", metavar="NAME", help="which split; the only one if not given")
    parser.add_argument(
        "--keys", metavar="A,B", help="columns to compare by (formula,chemsys,protostructure)"
    )
    parser.add_argument(
        "--allow", default="", metavar="A,B", help="keys that may be shared (for the exit code)"
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


def _add_columns(parser: argparse.ArgumentParser) -> None:
    columns = parser.add_argument_group("columns of a file")
    columns.add_argument("--id-col", metavar="NAME")
    columns.add_argument("--structure-col", metavar="NAME")
    columns.add_argument("--formula-col", metavar="NAME")
    columns.add_argument("--energy", metavar="NAME", help="ranks polymorphs; eV/atom, or NAME/cell")
    columns.add_argument("--target", action="append", default=[], metavar="NAME")


def _add_query(parser: argparse.ArgumentParser) -> None:
    query = parser.add_argument_group("what a source is asked for")
    query.add_argument("--from", dest="file", metavar="FILE", help="a file that was saved from it")
    query.add_argument(
        "--snapshot", metavar="VERSION", help="build from this kept snapshot (matdata list)"
    )
    query.add_argument(
        "--thermo",
        metavar="TYPE",
        help="mp: level of theory of the energies: GGA_GGA+U (default), R2SCAN, GGA_GGA+U_R2SCAN, "
        "or summary for the database's mixture",
    )
    query.add_argument(
        "--bulk",
        action="store_const",
        const="all",
        help="mp: the whole database from the open data: fewer, larger files, and no key",
    )
    query.add_argument("--where", metavar="FILTER", help="as --filter; optimade: in its language")
    query.add_argument("--optics", metavar="DIR", help="jarvis: <jid>.xml of dielectric functions")


def _add_curation(parser: argparse.ArgumentParser) -> None:
    curation = parser.add_argument_group("curation")
    curation.add_argument(
        "--dedupe",
        default="auto",
        help="keep the lowest energy of each formula (polymorph) or canonical Wyckoff "
        "representation (protostructure), or none; auto: polymorph where an energy is known",
    )
    curation.add_argument("--min-distance", default="0.5", metavar="Å", help="overlap (0.5)")
    curation.add_argument(
        "--symmetry",
        default="moyopy",
        help="moyopy, spglib, both (compared), or none; --set symmetry.symprec=0.01 (Å), "
        "symmetry.angle_tolerance=5 (degrees, of spglib)",
    )
    curation.add_argument(
        "--filter",
        action="append",
        default=[],
        metavar="FILTER",
        help="valid_wyckoff=true, wyckoff_below=16, sites_below=64, volume_per_atom_below=500, "
        "hull_below=0.1, elements=Ti,O, exclude_elements=Xe, drop_deprecated=false; or a condition:"
        " 'band_gap > 0 and not is_metal' (a missing value is not kept)",
    )
    curation.add_argument(
        "--allow-mixed",
        action="store_true",
        help="accept records of several functionals, correction schemes or units",
    )
    curation.add_argument(
        "--drop-in",
        action="append",
        default=[],
        metavar="DATASET",
        help="leave out what another dataset of the cache holds",
    )
    curation.add_argument(
        "--drop-by", default="protostructure", help="formula or protostructure (the default)"
    )


def _add_build(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser
) -> None:
    parser = commands.add_parser("build", parents=[common], help="source to verified dataset")
    parser.add_argument(
        "source",
        help="sample, sample:SIZE, mp, jarvis:SET, matminer:SET, optimade:PROVIDER, or a path "
        "(CIF, POSCAR, folder, zip, CSV, JSON, JSONL, extxyz, ASE db; compressed or not)",
    )
    parser.add_argument("--features", default="", metavar="A,B", help="ofm, voronoi, magpie, …")
    parser.add_argument("--name", help="name of the dataset")
    parser.add_argument("--limit", type=int, metavar="N", help="read at most N records")
    _add_query(parser)
    _add_columns(parser)
    _add_curation(parser)
    _add_split_of_build(parser)
    _add_work(parser)


def parser() -> argparse.ArgumentParser:
    """The arguments of all commands."""
    common = _common()
    parser = argparse.ArgumentParser(
        prog="matdata",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"matdata {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_build(commands, common)

    def add(name: str, help: str, *arguments: tuple[str, str]) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[common], help=help)
        for argument, meaning in arguments:
            made.add_argument(argument, help=meaning)
        return made

    dataset = ("dataset", "name, or name@version")
    _add_work(add("featurize", "add features to a dataset", dataset, ("features", "A,B")))
    _add_split(add("split", "add a split, or the splits of all folds, to a dataset", dataset))
    _add_audit(add("audit", "what the parts of a split share; exit code 1 if train does", dataset))
    report = add("report", "the funnel of a dataset, as a table or a picture", dataset)
    report.add_argument("--output", metavar="FILE", help="write a picture (.png, .svg, .pdf)")
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
    train_arguments.add_all(add, dataset)
    add("list", "what the cache holds")
    add("info", "one dataset: funnel, columns, splits, features", dataset)
    add("show", "one material", dataset, ("id", "material id"))
    verify = add("verify", "reread every byte and compare digests")
    verify.add_argument("dataset", nargs="?", help="name, or name@version; all if not given")
    export = add(
        "export", "write a dataset for other programs", dataset, ("output", "file or folder")
    )
    export.add_argument(
        "--format", help="npz, hdf5, parquet, extxyz or csv; by the ending of output if not given"
    )
    export.add_argument(
        "--raw-text",
        action="store_true",
        help="csv: leave texts as they are that a spreadsheet would run (else preceded by ')",
    )
    export.add_argument(
        "--snapshot",
        action="store_true",
        help="write the records that it was made from (.jsonl, .jsonl.gz), for build --from",
    )
    export.add_argument("--features", default="", metavar="A,B", help="dense arrays to write")
    export.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FEATURE.KEY=VALUE",
        help="a setting of a feature (ofm.level=structure)",
    )
    return parser


@contextlib.contextmanager
def _debugging(debug: bool) -> Iterator[None]:
    """Let unexpected errors of records surface, in worker processes as well."""
    before = os.environ.get(DEBUG)
    try:
        if debug:
            os.environ[DEBUG] = "1"
        yield
    finally:
        if debug:
            os.environ.pop(DEBUG)
            os.environ.update({} if before is None else {DEBUG: before})


@screened()
def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code, 0 only when all of it succeeded."""
    given = parser().parse_args(arguments)
    from matdata.cli.commands import run
    from matdata.core.errors import MatdataError
    from matdata.core.executors import enough_memory
    from matdata.core.given import require_arguments
    from matdata.core.offers import forgive_broken_metadata

    forgive_broken_metadata()
    try:
        require_arguments(given)
        with _debugging(given.debug), enough_memory():
            return run(given)
    except MatdataError as error:
        if given.debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nstopped; what was finished is kept, and the same command goes on from there",
            file=sys.stderr,
        )
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone (head, less)
        sys.stderr.close()
        return 0


if __name__ == "__main__":
    sys.exit(main())
