"""The report of a run: its sections in order, and its scores as lines."""

from __future__ import annotations

from matdata.reports.page import page
from matdata.reports.run.origin import origin
from matdata.reports.run.parity import parities
from matdata.reports.run.residuals import residuals
from matdata.reports.run.results import Results
from matdata.reports.run.scores import score_lines, scores
from matdata.reports.run.training import curves, overview
from matdata.reports.run.uncertainty import uncertainty
from matdata.reports.run.worst import worst
from matdata.training.run import Run

SECTIONS = (overview, scores, curves, parities, uncertainty, residuals, worst, origin)


def run_lines(run: Run) -> list[str]:
    """What a run is, and its scores on record, as text."""
    return score_lines(Results(run))


def run_report(run: Run) -> str:
    """The report of a run as the text of an HTML file; equal runs give equal bytes.

    It shows the validation part, and the test part only where its score is on record: it never
    opens one.

    Parameters
    ----------
    run
        The run.

    Raises
    ------
    StoreError
        If a file of the run is missing or was changed.
    """
    results = Results(run)
    return page(
        f"{run.name}: report of the run", results.lead, [make(results) for make in SECTIONS]
    )
