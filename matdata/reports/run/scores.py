"""The scores of a run: of the validation part, and of the test part if it was opened."""

from __future__ import annotations

from collections.abc import Iterator

from matdata.core.documents import JsonMapping
from matdata.core.units import with_unit
from matdata.reports.markup import Section, Table, code, note, number, paragraph, subheading
from matdata.reports.run.results import OPENED_ONLY, TEST, VALIDATION, Results
from matdata.training.scores.shown import few_scores

_EXPLAINED = {
    TEST: "Opened once, after all choices were made.",
    VALIDATION: "Choices are made by it; new materials may be predicted less well.",
}


def score_lines(results: Results) -> list[str]:
    """What a run is, and its scores on record, as text."""
    lines = [f"{results.run.name}: {results.lead}"]
    for title, name, scored in results.scored():
        shown = ", ".join(f"{key} {number(scored['metrics'][key])}" for key in few_scores(scored))
        materials = f"{scored['materials']:,} materials"
        lines.append(f"  {title}, {with_unit(name, scored['unit'])}, {materials}: {shown}")
    if not results.run.finished:
        lines.append("  under way: it has no scores yet")
    if _of_test(results):
        lines.append(f"  {_of_test(results)}")
    return lines


def scores(results: Results) -> Section:
    """A table of scores for each target and part, with the baselines beside them."""
    body: list[object] = []
    if not results.run.finished:
        body.append(paragraph("The training is under way: there are no scores yet."))
    elif not results.validation:
        reason = results.result.get("validation", {}).get("reason", "none is on record")
        body.append(paragraph(f"No score of the validation part: {reason}."))
    for title, name, scored in results.scored():
        body += [subheading(f"{with_unit(name, scored['unit'])}: {title}"), note(_EXPLAINED[title])]
        body += list(_table(results, scored))
    if _of_test(results):
        text = _of_test(results)
        words = f"{text[0].upper()}{text[1:]}. A report opens no test part.".split("`")
        body.append(note(*(code(one) if k % 2 else one for k, one in enumerate(words))))
    return Section("scores", "Scores", body)


def _of_test(results: Results) -> str:
    """What there is to say of a test part without a score; empty of one that has a score."""
    command = f"`matdata evaluate {results.run.name}`"
    if results.test_state == "none":
        return "it has no test part: its weights were imported without a split"
    if results.test_state == OPENED_ONLY:
        return f"the test part was opened, and no score of it is on record; {command} makes one"
    if results.test_state == "opened":
        return ""
    return "the test part is closed" + (f"; {command} opens it" if results.run.finished else "")


def _table(results: Results, scored: JsonMapping) -> Iterator[object]:
    names = [key for key in scored.get("shown") or scored["metrics"] if key in scored["metrics"]]
    rows = [(results.run.name, scored["metrics"]), *scored["baselines"].items()]
    cells = [(title, *(number(values.get(key)) for key in names)) for title, values in rows]
    yield Table(("model", *names), cells, f"{scored['materials']:,} materials")
    for name, why in scored.get("undefined", {}).items():
        yield note(f"{name} is not defined: {why}")
    for why, n in scored.get("missing", {}).items():
        yield note(f"{n:,} materials without it: {why}")
