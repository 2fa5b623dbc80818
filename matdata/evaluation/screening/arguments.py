"""The options of ``matdata screen``, wherever they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matdata.core.options import Option, options_of
from matdata.evaluation.arguments import COMMON, config_of
from matdata.figures.formats import PictureSettings

if TYPE_CHECKING:
    from matdata.evaluation.screening.request import ScreenRequest

SCREEN_OPTIONS = (
    Option("run", "names of runs, and after them the dataset", "list", positional=True,
           required=True, last="dataset"),
    Option("dataset", "the candidates: name, or name@version", positional=True, required=True,
           in_arguments=False),
    Option("rule", "keep what fulfils a rule: enz, or with its options enz:loss=1,high=3.1",
           metavar="NAME[:KEY=VALUE,…]", group="what is kept"),
    Option("where", "keep where a condition holds, over columns of the dataset and predicted "
           "numbers (prediction_<target>_mean); several must all hold", "list",
           metavar="CONDITION", group="what is kept"),
    Option("output", "write a table of what is kept (.parquet, .csv, .json, .jsonl)",
           metavar="FILE", group="output"),
    Option("pictures", "write pictures", metavar="DIR", group="output"),
    Option("example", "draw the predicted arrays of this material, too; those of the first two "
           "that are kept are drawn with --pictures", "list", metavar="ID", group="output"),
    Option("min_pairs", "compositions with two elements, from which on the network of elements "
           "joins them (default: 5)", "int", group="output"),
    *options_of(PictureSettings, ("format",), metavar="A,B", group="output"),
    *options_of(PictureSettings, ("style",), metavar="STYLE", group="output"),
    *COMMON,
)  # fmt: skip


def config_of_screen(request: ScreenRequest) -> str:
    """A configuration file with all options of a screening as they are in effect.

    A setting of the loop that differs between runs is left to each of them.
    """
    several = [one.settings_in_effect() for one in request.runs]
    common = {
        name: value if all(one[name] == value for one in several) else None
        for name, value in several[0].items()
    }
    steps = [step.spec for step in request.steps if step is not request.rule]
    values: dict[str, object] = {
        **common,
        "run": [one.run.name for one in request.runs],
        "dataset": request.dataset.ref,
        "rule": None if request.rule is None else request.rule.spec,
        "where": list(request.where) or None,
        "derive": steps or None,
        "output": None if request.output is None else str(request.output),
        "pictures": None if request.pictures is None else str(request.pictures),
        "example": list(request.examples) or None,
        "min_pairs": request.min_pairs,
        **request.look.to_dict(),
    }
    return config_of("screen", SCREEN_OPTIONS, values)
