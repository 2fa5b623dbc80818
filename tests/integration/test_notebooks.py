"""The notebooks of the documents, executed from top to bottom by a kernel of their own."""

from __future__ import annotations

import re
import statistics
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "docs" / "notebooks"
KERNEL_SECONDS = 280

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")


def _executed(name, tmp_path, monkeypatch):
    monkeypatch.setenv("MATDATA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=KERNEL_SECONDS, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    return notebook


def _shown(notebook, word):
    """HTML and text of the results of the cell that holds a word."""
    (cell,) = [one for one in notebook.cells if one.cell_type == "code" and word in one.source]
    results = [one for one in cell.outputs if one.output_type in ("execute_result", "display_data")]
    return [one["data"] for one in results]


def test_notebooks_are_kept_without_outputs_and_places_of_a_machine():
    names = sorted(NOTEBOOKS.glob("*.ipynb"))
    assert names
    for path in names:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        for cell in notebook.cells:
            assert not cell.get("outputs"), f"{path.name}: clear the outputs"
            assert cell.get("execution_count") is None, f"{path.name}: clear the outputs"
            assert not re.search(r"/(home|root|Users|work)/", cell.source), path.name


@pytest.mark.slow
@pytest.mark.timeout(KERNEL_SECONDS + 20)
def test_own_crystals_from_a_csv_to_a_predicted_cif(tmp_path, monkeypatch):
    notebook = _executed("own_crystals.ipynb", tmp_path, monkeypatch)
    (built,) = _shown(notebook, "md.build(")
    assert "Dataset rock-salts@local-" in built["text/html"]
    assert "records read" in built["text/html"]  # the funnel
    assert "56 materials" in built["text/html"]
    (elements,) = _shown(notebook, "plot.elements()")
    (parity,) = _shown(notebook, "plot.parity()")
    for picture in (elements, parity):
        assert len(picture["image/png"]) > 5_000
    (runs,) = _shown(notebook, "md.runs()")
    over_folds = re.search(
        r"kfold5-seed0</td>.*mae [\d.]+ ± [\d.]+ g/cm\^3</td>.*mae ([\d.]+) ± [\d.]+ g/cm\^3</td>",
        runs["text/html"],
    )
    assert over_folds, runs["text/html"]
    (errors,) = _shown(notebook, '"test_mae"')
    tested = [float(line.split()[2]) for line in errors["text/plain"].splitlines()[2:]]
    assert len(tested) == 5
    assert statistics.fmean(tested) == pytest.approx(float(over_folds[1]), rel=1e-3)
    assert max(tested) < 1.5  # g/cm^3, of densities between 1.6 and 8.4
    (predicted,) = _shown(notebook, 'predictions.to_frame()[["prediction')
    names = [line.split()[0] for line in predicted["text/plain"].splitlines()[2:]]
    assert names == ["file", "object", "formula"]
    streams = [
        one.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for one in cell.outputs
        if one.output_type == "stream" and one.name == "stderr"
    ]
    assert not [text for text in streams if "Error" in text or "Traceback" in text], streams
