"""What predicted standard deviations are worth: calibration, coverage, confidence."""

from __future__ import annotations

from collections.abc import Iterator

from matdata.core.documents import JsonMapping
from matdata.core.units import with_unit
from matdata.reports.markup import (
    Section,
    Table,
    figure,
    number,
    paragraph,
    side_by_side,
    subheading,
)
from matdata.reports.run.results import Results
from matdata.reports.svg.lines import lines

_SCORES = {
    "miscalibration_area": "area between coverage and diagonal; 0 is perfect, 0.5 the worst",
    "coverage_68": "share of the errors within one standard deviation; 0.68 is right",
    "coverage_95": "share within 1.96 standard deviations; 0.95 is right",
    "nll": "negative log-likelihood of a normal distribution",
    "spearman": "rank correlation of standard deviation and absolute error",
    "confidence_error_area": "mean excess of the confidence curve over that by true error",
}


def uncertainty(results: Results) -> Section:
    """Coverage and confidence curve of each target and part with standard deviations."""
    body: list[object] = []
    for part, name, scored in results.scored():
        if "uncertainty" in scored:
            body.append(subheading(f"{with_unit(name, scored['unit'])}: {part}"))
            body += list(_of(scored["uncertainty"], scored["unit"]))
    if not body and results.run.finished:
        body.append(paragraph("The run predicts no standard deviations."))
    return Section("uncertainty", "Calibration and coverage", body)


def _of(found: JsonMapping, unit: str) -> Iterator[object]:
    coverage, curve = found["coverage"], found["confidence_error"]
    shares = [100 * one for one in curve["share"]]
    calibration = lines(
        {"coverage": (coverage["expected"], coverage["observed"])},
        "Observed over expected coverage",
        "expected share within the interval",
        "observed share",
        height=320.0,
        diagonal=True,
    )
    confidence = lines(
        {
            "by deviation": (shares, curve["mae"]),
            "by true error": (shares, curve["oracle"]),
            "any order": (shares, curve["random"]),
        },
        "Error of the most confident materials",
        "most confident share (%)",
        with_unit("mean absolute error", unit),
        height=320.0,
        from_zero=True,
    )
    yield side_by_side(
        figure(calibration, "Coverage of central intervals; the dashed line is right."),
        figure(confidence, "Error over the materials with the smallest standard deviations."),
    )
    rows = [(name, number(found.get(name)), text) for name, text in _SCORES.items()]
    yield Table(("score", "value", "meaning"), rows)
