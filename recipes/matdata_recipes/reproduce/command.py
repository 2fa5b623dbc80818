"""``matdata reproduce``: every table and figure of the four papers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matdata.plugin import Command, CommandContext, ConfigError, Settings, setting
from matdata_recipes.reproduce import report
from matdata_recipes.reproduce.items import PAPERS
from matdata_recipes.reproduce.registry import ITEMS, find, matching


@dataclass(frozen=True)
class ReproduceOptions(Settings):
    """What is reproduced, from what, and how far."""

    item: str = setting("", "PAPER:ITEM, such as goodall:table-4.2; with --list also a pattern")
    list: bool = setting(False, "print a line for each table and figure")
    from_: tuple[str, ...] = setting((), "files and folders of the data; what is needed is listed")
    scale: str = setting(
        "paper",
        "paper: its size and epochs; small: few records and epochs, to see that it works",
        choices=("paper", "small"),
    )
    only: str = setting("*", "of several presets those whose names match, such as '*-roost'")
    seeds: tuple[int, ...] = setting((), "of splits and weights, instead of the item's")
    threads: int = setting(1, "of torch; 0: its choice", minimum=0)
    report: str | None = setting(
        None, "folder that a page and a table are written to", verbatim=True
    )


@dataclass(frozen=True)
class Reproduced:
    """Items with their numbers."""

    entries: tuple[report.Entry, ...]
    whole: bool
    scale: str
    files: tuple[Path, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """All of it; numbers that are on the papers' data are counted."""
        return {
            "scale": self.scale,
            "items": [one.to_json() for one in self.entries],
            "statuses": report.summary(self.entries),
            "compared": {
                "trained": report.compared(self.entries),
                "computed": report.compared(self.entries, trained=False),
                "without_data": report.compared(self.entries, trained=False, data="none"),
                "other_release": report.compared(self.entries, data="other release"),
            },
            "files": [str(path) for path in self.files],
        }

    def lines(self) -> Iterator[str]:
        """One line for each item, or all of one."""
        if self.whole:
            yield from (report.line(one) for one in self.entries)
            yield report.compared_text(self.entries)
        else:
            for one in self.entries:
                yield from report.details(one)
            if self.scale == "small":
                yield "small scale: these numbers only show that everything works"
        yield from (f"wrote {path}" for path in self.files)


class Reproduce(Command[ReproduceOptions]):
    """Lists, shows and carries out tables and figures."""

    name = "reproduce"
    summary = "tables and figures of the papers: what they take, and how near we are"
    description = (
        "Every table and figure of the papers of Finder, Roost and Wren (Goodall), L-G-DCNN and "
        "OCrystalNet. With --from it builds, trains, evaluates and prints the paper's numbers "
        "beside ours; without, it says what is needed and what is on record. The same command "
        "goes on where one was stopped."
    )
    examples = (
        "matdata reproduce --list",
        "matdata reproduce goodall:table-4.2",
        "matdata reproduce goodall:table-4.2 --from expt-non-metals.csv mp-non-metals.csv",
        "matdata reproduce lgdcnn:figure-4 --only '*-rf-magpie' --from benchmark_data",
        "matdata reproduce --report report",
    )
    positional = ("item",)
    Options = ReproduceOptions

    def run(self, options: ReproduceOptions, context: CommandContext) -> Reproduced:
        """List, show or carry out.

        Raises
        ------
        ConfigError
            If there is no such item, or nothing is asked for.
        MatdataError
            If it cannot be carried out.
        """
        from matdata.core.given import folder_of
        from matdata_recipes.reproduce.ours import on_record, read

        folder = None if options.report is None else folder_of(options.report, "--report")
        if options.list or not options.item:
            if not options.list and folder is None:
                raise ConfigError(
                    "no table or figure is named",
                    next_step=f"`matdata reproduce --list` prints those of {', '.join(PAPERS)}",
                )
            if options.from_:
                raise ConfigError("--from goes with one table or figure, not with all of them")
            _require_plain(options, "all of them are listed")
            items = matching(options.item) if options.item else list(ITEMS.values())
            records = on_record(context.cache)
            entries = tuple(report.entry(item, records) for item in items)
            return _written(Reproduced(entries, True, "paper"), folder)
        item = find(options.item)
        if not options.from_ and (item.data or not item.can_run):
            _require_plain(options, "no data are given to carry it out with")
            return _written(
                Reproduced((report.entry(item, on_record(context.cache)),), False, "paper"), folder
            )
        from matdata_recipes.reproduce.carry import carry_out, plan_of

        plan = plan_of(
            item, options.from_, context.cache, context.console, small=options.scale == "small",
            only=options.only, seeds=options.seeds, threads=options.threads,
            pictures=None if folder is None else folder / "pictures",
        )  # fmt: skip
        carry_out(plan)
        own = read([plan.results], [plan.analysed]) if plan.small else on_record(context.cache)
        pictures = sorted(plan.pictures.rglob("*.png")) if plan.pictures else []
        entry = report.entry(item, own, pictures)
        return _written(Reproduced((entry,), False, options.scale), folder)


def _require_plain(options: ReproduceOptions, why: str) -> None:
    """Refuse options of carrying out where nothing is carried out."""
    usual = ReproduceOptions()
    given = [
        f"--{name}"
        for name in ("only", "scale", "seeds", "threads")
        if getattr(options, name) != getattr(usual, name)
    ]
    if given:
        raise ConfigError(
            f"{' and '.join(given)} of what is carried out, and {why}",
            next_step="name the data with --from, or leave them out",
        )


def _written(found: Reproduced, folder: Path | None) -> Reproduced:
    """The same, with the files of its report."""
    if folder is None:
        return found
    from dataclasses import replace

    from matdata_recipes.reproduce.page import write

    title = "Tables and figures of the papers"
    if not found.whole:
        title = found.entries[0].item.ref + (", small scale" if found.scale == "small" else "")
    return replace(found, files=write(folder, found.entries, title, report.markdown(found.entries)))
