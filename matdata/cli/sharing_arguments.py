"""Arguments of ``push``, ``pull`` and ``import``."""

from __future__ import annotations

import argparse

from matdata.cli.train_arguments import Add
from matdata.sharing.defaults import CHECKS, WORKERS

REF = (
    "DATASET, DATASET/features/FEATURE, DATASET/splits/SPLIT, runs/RUN or snapshots/SOURCE/VERSION"
)


def add_all(add: Add) -> None:
    """Add the arguments of the commands that share artefacts."""
    push = add(
        "push",
        "push artefacts to a folder or an object store",
        ("ref", REF),
        ("url", "s3://, gs://, hf://, sftp://, or a folder"),
    )
    _add_choice(push)
    push.add_argument(
        "--check",
        choices=CHECKS,
        default="new",
        help="compare digests there of new files, of all (which mends them), or sizes alone (new)",
    )
    pull = add("pull", "pull artefacts that were pushed", ("what", f"URL/REF, or REF: {REF}"))
    _add_choice(pull)
    one = add("import", "take a pushed folder or an archive of one", ("path", "folder or archive"))
    for command in (push, pull, one):
        command.add_argument(
            "--workers",
            type=int,
            default=WORKERS,
            metavar="N",
            help=f"files that are transferred at once ({WORKERS})",
        )


def _add_choice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--features",
        default="none",
        metavar="A,B",
        help="features that go with a dataset, all, or none (none)",
    )
    parser.add_argument(
        "--splits",
        default="all",
        metavar="A,B",
        help="splits that go with a dataset, all, or none (all)",
    )
    parser.add_argument(
        "--snapshot", action="store_true", help="the records a dataset was made from as well"
    )
    parser.add_argument(
        "--alone",
        action="store_true",
        help="without what it needs: the dataset of a feature; dataset, split, features of a run",
    )
