from __future__ import annotations

import io
import re
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from support.figures import faint, outside, overlapping, page_of, words_of

from matdata.core.errors import ConfigError
from matdata.core.periodic_table import short, table_position
from matdata.figures import confidence, curves, funnel, histograms, matrices, spectra, styles
from matdata.figures.formats import PictureSettings
from matdata.figures.parity import Pairs, parity, score_line
from matdata.figures.periodic_table import periodic_table
from matdata.figures.picture import Look
from matdata.training.ensemble import combine
from matdata.training.outputs import Members
from matdata.training.scores.share_curves import share_curves
from matdata.training.scores.uncertainty import calibration
from matdata.training.target import Target

pytestmark = pytest.mark.slow

LONG = "a-run-with-a-rather-long-name-2024-that-does-not-fit-into-the-width-of-any-picture"
CAPTION = (
    f"run {LONG} (roost)",
    "data a-dataset@local-12345678",
    "split 70-15-15-seed0, test part",
    "CC-BY-4.0",
    "A. Author, B. Author and C. Author, A long title of a long paper, J. Long Names 1, 2 (2024)",
)
METRICS = {"mae": 0.123456, "rmse": 0.2345, "r2": 0.9}
NAME = "formation_energy_per_atom"


def pairs(n, deviation=True, seed=0):
    rng = np.random.default_rng(seed)
    true, noise = rng.gamma(2, 1.5, n), rng.gamma(3, 0.1, n)
    predicted = true + rng.normal(0, 1, n) * noise
    return Pairs(NAME, "eV/atom", true, predicted, noise if deviation else None)


def scored(some):
    return calibration(some.predicted - some.true, some.deviation)


def parity_of(some, look):
    known = None if some.deviation is None else scored(some)
    return parity(some, METRICS, known, f"{NAME}, {LONG}", look)


def shares_of(seed):
    rng = np.random.default_rng(seed)
    true = rng.dirichlet(np.full(103, 0.03), 200)
    means = np.array([0.7 * true + 0.3 * rng.dirichlet(np.full(103, 0.05), 200) for _ in "123"])
    target = Target("product", 103, "1", "distribution")
    predictions = combine([str(k) for k in range(200)], (target,), Members(means), true)
    return share_curves(predictions, target, true, true)


RNG = np.random.default_rng(1)
CLASSES = ["semiconductor", "metal", "insulator", "topological insulator of the second kind", "x"]
HISTORY = [
    {"epoch": k, "train_loss": 1 / k, "val_loss": None if k == 5 else 2 / k, "val_error": 0.5 / k}
    for k in range(1, 301)
]
COUNTS = curves.Counts((0.1, 0.2), {LONG: (900, 80), "b": (700, 60)}, (500, 40), (900, 90), (7, 5))
X = np.linspace(0.02, 0.98, 49)
BINARY = {"x": X, "prediction": X * (1 - X), "std": 0 * X + 0.1, "Si": X**2, "O": -X}
PARTS = {"train": RNG.normal(size=900), "val": RNG.normal(size=5), "test": np.full(3, np.nan)}
AXIS = np.linspace(0.0, 30.0, 3000)
SPECTRA = [
    spectra.Spectrum(
        f"{word}: {LONG}, MAE 0.123 eV/atom",
        np.where(AXIS < 25.0, np.sin(AXIS), np.nan),
        np.sin(AXIS + shift),
        np.full(len(AXIS), shift),
    )
    for word, shift in (("best", 0.1), ("median", 0.5), ("worst", 2.0))
]
STEPS = [
    {"filter": "Full data set", "number": 154_718},
    {"filter": f"Where {LONG}", "number": 30},
    {"filter": "Duplicates", "number": 0},
]
PICTURES = {
    "parity of one": lambda look: parity_of(pairs(1), look),
    "parity of few": lambda look: parity_of(pairs(60), look),
    "parity": lambda look: parity_of(pairs(2_000), look),
    "parity without deviation": lambda look: parity_of(pairs(2_000, False), look),
    "parity of many": lambda look: parity_of(pairs(30_000), look),
    "parity of many without": lambda look: parity_of(pairs(30_000, False), look),
    "errors": lambda look: histograms.errors(
        RNG.normal(size=300), NAME, "eV/atom", score_line(METRICS, "eV/atom", 300, "materials"),
        f"Errors of {NAME}, {LONG}", look,
    ),
    "uncertainty": lambda look: curves.uncertainty(scored(pairs(99)), "eV", LONG, look),
    "uncertainty beside others": lambda look: curves.uncertainty(
        scored(pairs(99)), "eV", LONG, look,
        {run: scored(pairs(99, seed=k))["confidence_error"] for k, run in ((2, LONG), (3, "b"))},
    ),
    "compositions": lambda look: confidence.compositions(shares_of(0), LONG, look),
    "compositions beside others": lambda look: confidence.compositions(
        shares_of(0), LONG, look, {LONG: shares_of(1), "b": shares_of(2)}
    ),
    "coverage alone": lambda look: confidence.compositions(
        {"element_coverage": shares_of(0)["element_coverage"]}, LONG, look
    ),
    "history": lambda look: curves.history(HISTORY, LONG, look, 280),
    "history of one": lambda look: curves.history(HISTORY[:1], LONG, look, 1),
    "history without validation": lambda look: curves.history(
        [{"epoch": 1, "train_loss": 1.0}, {"epoch": 2, "train_loss": 0.5}], LONG, look
    ),
    "histogram": lambda look: histograms.histogram(RNG.normal(size=500), NAME, "eV", LONG, look),
    "histogram of integers": lambda look: histograms.histogram(
        RNG.integers(1, 20, 500), "n_sites", "1", LONG, look
    ),
    "histogram of a constant": lambda look: histograms.histogram([3.3] * 9, "x", "GPa", LONG, look),
    "histogram of nothing": lambda look: histograms.histogram([np.nan], "x", "GPa", LONG, look),
    "histogram of one tiny": lambda look: histograms.histogram([1e-20], "x", "GPa", LONG, look),
    "histogram of huge": lambda look: histograms.histogram(
        RNG.normal(0, 1e200, 500), "x", "GPa", LONG, look
    ),
    "bar chart": lambda look: histograms.bar_chart(
        {f"{LONG} {k}": 2 ** (k % 13) for k in range(4000)}, "class", LONG, look, 3
    ),
    "splits": lambda look: histograms.split_parts(
        {"train": 100_000, "val": 5, "test": 3}, PARTS, NAME, "eV/atom", LONG, look
    ),
    "confusion": lambda look: matrices.confusion(
        RNG.integers(0, 2000, (5, 5)), CLASSES, "accuracy 0.91", LONG, look
    ),
    "confusion of two": lambda look: matrices.confusion(
        [[65, 4], [0, 0]], ["false", "true"], "accuracy 0.91", LONG, look
    ),
    "confusion of many": lambda look: matrices.confusion(
        RNG.integers(0, 9, (40, 40)), [str(k) for k in range(40)], "", LONG, look
    ),
    "heat map": lambda look: matrices.heat_map(
        RNG.normal(size=(5, 5)), ["O", "O", "O", "Ti", "Sr"], "edge attribute", LONG, look
    ),
    "elements": lambda look: periodic_table(
        {z: float(10 ** (z % 7)) for z in range(1, 119)}, "materials with the element", LONG, look
    ),
    "contributions": lambda look: periodic_table(
        {z: float(v) for z, v in enumerate(RNG.normal(size=103), start=1)},
        f"mean contribution to {NAME} (eV/atom)", LONG, look,
    ),
    "no elements": lambda look: periodic_table({8: np.nan}, "materials", LONG, look),
    "clusters": lambda look: curves.clusters(COUNTS, LONG, look),
    "binary": lambda look: curves.binary(BINARY, ("Si", "O"), f"{NAME} (eV/atom)", LONG, look),
    "funnel": lambda look: funnel.funnel(STEPS, LONG, look),
    "spectra": lambda look: spectra.spectra(
        SPECTRA, ("photon energy", "eV", AXIS), f"{NAME} (eV/atom)", LONG, look
    ),
    "one spectrum": lambda look: spectra.spectra(
        SPECTRA[:1], ("x", "1", AXIS), "eps_re_xx", LONG, look
    ),
    "along the axis": lambda look: spectra.along_axis(
        ("photon energy", "eV", AXIS), np.abs(np.sin(AXIS)), np.cos(AXIS), "eV/atom", LONG, look
    ),
}  # fmt: skip


@pytest.mark.parametrize("style", ["light", "dark"])
@pytest.mark.parametrize("name", PICTURES)
def test_everything_is_on_the_page_apart_and_legible(name, style):
    figure = PICTURES[name](Look(style, CAPTION))
    assert isinstance(figure, Figure)
    assert outside(figure) == []
    assert overlapping(figure) == []
    assert faint(figure) == []
    background = (np.array(to_rgb(styles.STYLES[style].background)) * 255).round()
    np.testing.assert_array_equal(page_of(figure)[0, 0], background)


@pytest.mark.parametrize("name", PICTURES)
def test_axes_that_are_shown_have_labels(name):
    figure = PICTURES[name](Look())
    for axes in figure.axes:
        shown = [
            axis for axis in (axes.xaxis, axes.yaxis) if axes.axison and len(axis.get_ticklocs())
        ]
        labelled = [axis for axis in shown if axis.get_label_text()]
        assert labelled or not shown, name


@pytest.mark.parametrize("style", ["light", "dark"])
def test_symbols_and_numbers_of_cells_are_legible_on_their_colours(style):
    for name in ("elements", "contributions", "no elements"):
        figure = PICTURES[name](Look(style))
        axes = figure.axes[0]
        cells = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
        assert len(cells) == 118
        checked = 0
        for text in axes.texts:
            x, y = text.get_position()
            cell = next((c for c in cells if _holds(c, x, y)), None)
            if cell is None:
                continue
            face = styles.luminance(*to_rgb(cell.get_facecolor()))
            ink = styles.luminance(*to_rgb(text.get_color()))
            assert styles.contrast(face, ink) >= styles.LEAST_CONTRAST, text.get_text()
            checked += 1
        assert checked >= 2 * 118


def _holds(cell, x, y):
    return 0 <= x - cell.get_x() <= cell.get_width() and 0 <= y - cell.get_y() <= cell.get_height()


def test_ink_is_legible_on_every_colour_of_every_map():
    for name in ("viridis", "RdBu_r", "Blues"):
        for colour in matplotlib.colormaps[name](np.linspace(0, 1, 257))[:, :3].tolist():
            ink = to_rgb(styles.ink_on(*colour))
            seen = styles.contrast(styles.luminance(*colour), styles.luminance(*ink))
            assert seen >= styles.LEAST_CONTRAST


def test_contrast_is_that_of_wcag():
    assert styles.contrast(0.0, 1.0) == pytest.approx(21.0)
    assert styles.contrast(styles.luminance(*to_rgb("#777777")), 1.0) == pytest.approx(
        4.48, abs=0.01
    )
    assert styles.luminance(*to_rgb("#ff0000")) == pytest.approx(0.2126)


def test_places_in_the_periodic_table():
    expected = {1: (1, 1), 2: (1, 18), 3: (2, 1), 5: (2, 13), 13: (3, 13), 26: (4, 8), 36: (4, 18)}
    expected |= {56: (6, 2), 57: (8, 3), 71: (8, 17), 72: (6, 4), 86: (6, 18), 103: (9, 17)}
    expected |= {104: (7, 4), 118: (7, 18)}
    assert {number: table_position(number) for number in expected} == expected
    assert len({table_position(number) for number in range(1, 119)}) == 118


def test_a_colour_bar_of_counts_has_whole_numbers():
    for values, whole in (({3: 4, 8: 8}, True), ({3: 4.5, 8: 8}, False)):
        picture = periodic_table(values, "materials", "Elements")
        picture.canvas.draw()
        bar = picture.axes[0].child_axes[0]
        low, high = bar.get_xlim()
        ticks = [tick for tick in bar.get_xticks() if low <= tick <= high]
        assert len(ticks) > 1
        assert all(float(tick).is_integer() for tick in ticks) == whole


def test_the_table_fills_its_page():
    """No band of the page, of a tenth of it, shows nothing but background."""
    page = page_of(PICTURES["elements"](Look("light", CAPTION)))
    used = (page != page[0, 0]).any(2)
    for axis in (0, 1):
        places = np.flatnonzero(np.concatenate([[True], used.any(axis), [True]]))
        assert np.diff(places).max() < 0.1 * used.shape[1 - axis]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (12, "12"), (9999, "9999"), (12_345, "12.3k"), (3.4e6, "3.4M"), (-0.1234, "-0.12"),
     (1e-5, "1e-05"), (123.4, "123"), (7e9, "7G"), (1e15, "1e+15")],
)  # fmt: skip
def test_numbers_in_cells_are_short(value, text):
    assert short(float(value)) == text


def test_the_score_stands_above_the_parity_plot_with_its_unit():
    written = words_of(PICTURES["parity"](Look("light", CAPTION)))
    assert "MAE 0.1235 eV/atom, RMSE 0.2345 eV/atom, R² 0.9, 2,000 materials" in written
    assert f"true {NAME} (eV/atom)" in written
    assert "predicted standard deviation (eV/atom)" in written
    area = scored(pairs(2_000))["miscalibration_area"]
    assert f"miscalibration area {area:.4g}" in written


def test_pairs_that_are_not_finite_are_left_out():
    some = pairs(50)
    some.true[3], some.predicted[5] = np.nan, np.inf
    assert len(some.finite().true) == 48
    assert "48 materials" in words_of(parity_of(some.finite(), Look()))
    nothing = Pairs("x", "eV", np.array([np.nan]), np.array([1.0]))
    assert "0 materials" in words_of(parity(nothing, {}, None, "x", Look()))


def test_epochs_and_counts_are_whole_numbers():
    for name in ("history", "history of one", "histogram of integers", "bar chart", "funnel"):
        figure = PICTURES[name](Look())
        figure.draw_without_rendering()
        axis = figure.axes[0].xaxis
        assert all(place == round(place) for place in axis.get_ticklocs()), name
    figure = PICTURES["errors"](Look())
    assert all(place == round(place) for place in figure.axes[0].get_yticks())


def test_legends_cover_no_point_of_few():
    figure = PICTURES["parity of few"](Look())
    figure.draw_without_rendering()
    axes = figure.axes[0]
    box = axes.get_legend().get_window_extent()
    points = axes.transData.transform(np.column_stack([pairs(60).true, pairs(60).predicted]))
    assert not any(box.contains(*point) for point in points)


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_the_same_picture_is_the_same_bytes(tmp_path, form):
    look = Look("light", CAPTION, {"dataset": "d@1", "licence": "CC-BY-4.0"})
    written = []
    for run in range(2):
        path = tmp_path / f"{run}.{form}"
        for name in ("parity of few", "elements"):
            PICTURES[name](look).write(path)
        written.append(path.read_bytes())
    assert written[0] == written[1]
    assert re.search(rb"20\d\d-\d\d-\d\dT|CreationDate", written[0]) is None
    assert b"CC-BY-4.0" in written[0] or form == "pdf"
    after_another = PICTURES[name](look)
    after_another.write(tmp_path / "other.png")
    assert after_another.write(path).read_bytes() == written[0]
    assert [path.name for path in tmp_path.iterdir() if "tmp" in path.name] == []


def test_text_of_svg_is_text(tmp_path):
    path = PICTURES["parity of few"](Look("dark", CAPTION)).write(tmp_path / "p.svg")
    svg = path.read_text(encoding="utf-8")
    assert "MAE 0.1235 eV/atom" in svg
    assert styles.STYLES["dark"].background in svg


def test_large_clouds_are_images_within_vector_graphics(tmp_path):
    sizes = {}
    for n in (2_000, 10_000, 30_000):
        sizes[n] = parity_of(pairs(n), Look()).write(tmp_path / f"{n}.svg").stat().st_size
    assert max(sizes[10_000], sizes[30_000]) < 600_000


@pytest.mark.filterwarnings("ignore:Glyph")
def test_names_are_no_instructions_to_draw():
    for name in ("a $\\frac{$ b", "x_1 $y$", "\x1b[2J", "結晶"):
        figure = histograms.histogram([1.0, 2.0], name, "eV", name, Look("light", (name,)))
        page_of(figure)


def test_a_notebook_shows_the_picture_itself():
    shown = PICTURES["histogram"](Look())._repr_png_()
    assert shown.startswith(b"\x89PNG")
    assert matplotlib.image.imread(io.BytesIO(shown)).shape[2] == 4


def test_pyplot_is_not_touched():
    code = """if True:
        import sys
        from matdata.figures.histograms import histogram
        from matdata.figures.picture import Look
        histogram([1.0], "x", "eV", "x", Look())
        assert "matplotlib.pyplot" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_settings_of_pictures():
    assert PictureSettings("png, .SVG,png").format == ("png", "svg")
    for wrong in ({"format": "jpeg"}, {"format": ()}, {"style": "sepia"}):
        with pytest.raises(ConfigError):
            PictureSettings(**wrong)
    with pytest.raises(ConfigError, match="did you mean"):
        styles.style_of("drak")
    with pytest.raises(ConfigError, match="ending"):
        PICTURES["histogram"](Look()).write("picture.jpeg")
