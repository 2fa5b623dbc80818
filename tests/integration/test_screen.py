"""``matdata screen``: rules and conditions over predictions of several runs and stored columns."""

from __future__ import annotations

import csv
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from matdata_recipes import oscillators
from support import toy
from support.distributions import install

import matdata as md
from matdata.building.feature_stage import add_features
from matdata.building.options import BuildOptions
from matdata.evaluation.derive import DERIVATIONS
from matdata.evaluation.derive.rule import Rule
from matdata.evaluation.screening.request import ScreenRequest
from matdata.store.config_file import read_config
from matdata.training.outputs import Distribution
from matdata.training.target import Target

pytestmark = pytest.mark.slow
RE, IM = "eps_re_xx", "eps_im_xx"
ENERGIES = np.linspace(0.0, 12.0, 61)
RULE = "enz:skip=1"
CROSSOVER, LOSS = "prediction_enz_crossover_mean", "prediction_enz_loss_mean"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Oscillators, with runs on the real part, the imaginary part, both, and a number."""
    cache = tmp_path_factory.mktemp("screen") / "cache"
    cache.mkdir()
    oscillators.write_records(cache / "eps.jsonl", 120, ENERGIES, 0)
    records = [json.loads(line) for line in (cache / "eps.jsonl").read_text().splitlines()]
    for place, record in enumerate(records):
        record |= {"static": record[RE][0], "energy_above_hull": [None, 0.001, 0.1][place % 3]}
        record["other"] = [2.0 * x for x in record["energies"]]
    return _built(cache, records, "eps")


def _built(cache, records, name):
    path = cache / f"{name}.jsonl"
    path.write_text("".join(f"{json.dumps(one)}\n" for one in records))
    dataset = md.build(
        str(path), cache=cache, name=name, workers=1, split=None,
        axis=[f"{RE}=energies", f"{IM}=energies"], unit={"energies": "eV", "other": "eV"},
    )  # fmt: skip
    add_features(dataset, cache, BuildOptions(features=("fractions",), workers=1))
    dataset.split("60/20/20", name="s")
    return dataset


def _train(dataset, targets, name, **more):
    return md.train(
        "example", dataset, targets, split="s", name=name, quiet=True, hyper={"width": 128},
        train={"epochs": 60, "batch_size": 16, "threads": 1, "tensorboard": False}, **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def runs(world):
    """On each part, on both together, and on the static limit."""
    return {
        "re": _train(world, [RE], "re"),
        "im": _train(world, [IM], "im"),
        "both": _train(world, [RE, IM], "both"),
        "static": _train(world, ["static"], "static"),
    }


def _by_hand(world, runs):
    """Crossover and loss of each material, from what `md.predict` returns."""
    found = {}
    real, imaginary = md.predict(runs["re"], world), md.predict(runs["im"], world)
    for name, re, im in zip(real.ids.tolist(), real.mean, imaginary.mean, strict=True):
        at = [j for j in range(2, len(re)) if re[j - 1] > 0 and re[j] < 0]
        found[name] = (ENERGIES[at[0]], im[at[0]]) if at else None
    return found


def _crossovers(real):
    """Of spectra, NaN where there is none."""
    at = [[j for j in range(2, len(re)) if re[j - 1] > 0 and re[j] < 0] for re in real]
    return np.array([ENERGIES[one[0]] if one else np.nan for one in at])


def test_the_rule_keeps_what_its_definition_says(world, runs, tmp_path):
    path = tmp_path / "enz.csv"
    screening = md.screen([runs["re"], "im"], world, rule=RULE, output=path, cache=world.cache)
    by_hand, table = _by_hand(world, runs), world.table
    expected = [
        name
        for name in world.ids.tolist()
        if by_hand[name] is not None
        and 0.5 <= by_hand[name][0] <= 12.4
        and by_hand[name][1] < 2
        and table.energy_above_hull[name] < 0.025
    ]
    columns = screening.columns()
    assert columns["material_id"] == expected
    assert 0 < len(expected) < sum(one is not None for one in by_hand.values()) < len(world)
    np.testing.assert_allclose(columns[CROSSOVER], [by_hand[name][0] for name in expected])
    np.testing.assert_allclose(columns[LOSS], [by_hand[name][1] for name in expected])
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["material_id"] for row in rows] == expected
    assert [float(row[CROSSOVER]) for row in rows] == columns[CROSSOVER]
    none = sum(one is None for one in by_hand.values())
    assert screening.missing == {CROSSOVER: none, LOSS: none, "energy_above_hull": 40}
    assert len(screening.kept) == len(world)
    assert screening.pairs.compositions == len({table.formula[name] for name in expected})
    assert not any(name in columns for name in (f"prediction_{RE}_mean", RE))


def test_one_run_of_both_parts_is_that_of_predict_with_the_derivation(world, runs):
    screening = md.screen(runs["both"], world, rule=RULE, where="static > 1.7")
    predictions = md.predict(runs["both"], world, derive=[RULE])
    place = [one.name for one in predictions.targets].index("enz_crossover")
    assert place == 2
    target = predictions.targets[place]
    crossover = predictions.column(target, predictions.mean)[:, 0]
    found = [np.nan if cell is None else cell for cell in screening.table[CROSSOVER]]
    np.testing.assert_array_equal(found, crossover)
    assert predictions.derivations[0]["derivation"].startswith("enz:skip=1,low=0.5")
    assert set(screening.columns()["static"]) <= {x for x in world.table.static if x > 1.7}


def test_crossovers_are_scored_where_the_test_part_is_open(world, runs):
    derived = md.evaluate(runs["both"], derive=[RULE])["derived"]["targets"]
    assert set(derived) == {"enz_crossover", "enz_loss", "enz_width"}
    scored = derived["enz_crossover"]
    assert scored["unit"] == "eV"
    predictions = md.predict(runs["both"], world, derive=[RULE])
    rows = np.isin(predictions.ids, world.split("s")["test"])
    crossover = predictions.mean[rows, -3]
    true = _crossovers(np.array([np.array(x) for x in world.table[RE][predictions.ids[rows]]]))
    both = np.isfinite(true) & np.isfinite(crossover)
    assert scored["materials"] == both.sum() > 0
    lost = int((np.isfinite(true) & ~np.isfinite(crossover)).sum())
    assert scored.get("without_prediction", 0) == lost
    expected = np.abs(true - crossover)[both].mean()
    assert scored["metrics"]["mae"] == pytest.approx(expected, rel=1e-9)


def test_conditions_over_stored_and_predicted_numbers(world, runs):
    where = ["energy_above_hull < 0.05", "prediction_static_mean > 2 or formula == 'x'"]
    screening = md.screen(runs["static"], world, where=where)
    predictions = md.predict(runs["static"], world)
    hull = world.table.energy_above_hull[predictions.ids].to_numpy()
    expected = predictions.ids[(predictions.mean[:, 0] > 2) & (hull < 0.05)]
    assert screening.columns()["material_id"] == expected.tolist()
    assert 0 < len(expected) < len(world)
    assert screening.missing == {"energy_above_hull": 40}
    three = md.screen(["re", "im", "static"], world.ref, rule=RULE, where=where, cache=world.cache)
    both = set(expected) & set(
        md.screen(["re", "im"], world, cache=world.cache, rule=RULE).columns()["material_id"]
    )
    assert set(three.columns()["material_id"]) == both


def test_blocks_change_nothing(world, runs, monkeypatch):
    from matdata.evaluation.screening import screen

    whole = md.screen(["re", "im"], world, cache=world.cache, rule=RULE)
    monkeypatch.setattr(screen, "MEMORY", 0)
    monkeypatch.setattr(screen, "FEWEST", 50)
    parts = md.screen(["re", "im"], world, cache=world.cache, rule=RULE)
    assert parts.table["material_id"] == whole.table["material_id"]
    for name in (CROSSOVER, LOSS):
        one, other = (
            [np.nan if cell is None else cell for cell in each.table[name]]
            for each in (parts, whole)
        )
        np.testing.assert_allclose(one, other, rtol=1e-4)


class Opaque(Rule):
    """Keeps what absorbs much at the energy of the largest absorption."""

    name, version, summary = "opaque", "1", "the largest imaginary part"
    condition = "prediction_opaque_mean > 2"

    def produces(self, targets):
        (self.source,) = (one for one in targets if one.name == IM)
        return [Target("opaque")]

    def apply(self, predictions, rows, fitted):
        return {"opaque": Distribution(predictions[IM].mean.max(-1, keepdims=True), None)}


def test_a_rule_of_a_user_is_a_derivation(world, runs):
    screening = md.screen("im", world, cache=world.cache, rule=Opaque())
    largest = md.predict(runs["im"], world).mean.max(1)
    assert len(screening) == (largest > 2).sum() > 0


RULE_OF_A_PLUGIN = '''
from matdata.plugin import Distribution, Rule, Target
class Dark(Rule):
    """Keeps what absorbs much."""
    name, version, summary = "dark", "1", "the largest imaginary part"
    condition = "prediction_darkness_mean > 2"
    def produces(self, targets):
        return [Target("darkness")]
    def apply(self, predictions, rows, fitted):
        (spectrum,) = predictions.values()
        return {"darkness": Distribution(spectrum.mean.max(-1, keepdims=True), None)}
'''


@pytest.fixture
def plugins():
    """Derivations are looked up anew, in this test and after it."""
    DERIVATIONS.refresh()
    yield
    DERIVATIONS.refresh()


def test_a_rule_of_a_plugin_has_a_name(plugins, world, runs, tmp_path, monkeypatch, capsys):
    points = {"derivations": {"dark": "dark_rules:Dark"}}
    install(tmp_path, "dark-rules", points, RULE_OF_A_PLUGIN, "dark_rules")
    monkeypatch.syspath_prepend(str(tmp_path))
    capsys.readouterr()
    assert toy.command(world, "screen", "im", world.ref, "--rule", "dark", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    expected = md.screen("im", world, cache=world.cache, rule=Opaque())
    assert document["kept"] == len(expected)
    assert document["rule"] == "dark"
    assert document["conditions"] == ["prediction_darkness_mean > 2"]


def test_the_command_prints_writes_and_draws(world, runs, tmp_path, capsys):
    pictures, table, config = tmp_path / "p", tmp_path / "t.parquet", tmp_path / "c.toml"
    example = world.ids[3]
    words = ("screen", "re", "im", world.ref, "--rule", RULE, "--output", str(table),
             "--pictures", str(pictures), "--example", example, "--min-pairs", "1",
             "--style", "dark")  # fmt: skip
    assert toy.command(world, *words, "--write-config", str(config)) == 0
    out = capsys.readouterr().out
    kept = md.screen(["re", "im"], world, cache=world.cache, rule=RULE)
    assert f"{len(kept)} of 120 materials kept" in out
    assert "elements together most often" in out
    names = {path.stem for path in pictures.iterdir()}
    examples = {example, *kept.columns()["material_id"][:2]}
    assert names == {"kept", "pairs", "network", *(f"spectrum-{name}" for name in examples)}
    schema = pq.read_schema(table)
    metadata = schema.field(CROSSOVER).metadata
    assert metadata[b"unit"] == b"eV"
    assert metadata[b"derivation"].startswith(b"enz:skip=1")
    table.unlink()
    assert toy.command(world, "screen", "--config", str(config), "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert table.is_file()
    assert document["materials"][0]["material_id"] == kept.columns()["material_id"][0]
    assert document["pairs"] == kept.pairs.rows()
    assert len(document["pictures"]) == len(names)
    assert not document["pictures_failed"]
    from matdata.evaluation.screening.arguments import SCREEN_OPTIONS

    fields = read_config(config, SCREEN_OPTIONS)
    assert list(fields["run"]) == ["re", "im"]
    assert fields["dataset"] == world.ref
    again = ScreenRequest.of({**fields, "cache": world.cache})
    assert again.rule.spec.startswith(RULE)


def test_a_picture_that_fails_costs_no_table(world, runs, tmp_path, monkeypatch):
    from matdata.evaluation.screening import pictures

    def broken(*_):
        raise ValueError("no such colour")

    monkeypatch.setattr(pictures, "_network", broken)
    with pytest.warns(md.MatdataWarning, match="network.png was not drawn: no such colour"):
        screening = md.screen(
            ["re", "im"], world, cache=world.cache, rule=RULE, pictures=tmp_path / "p"
        )
    assert (tmp_path / "p" / "pairs.png").is_file()
    assert len(screening) > 0


WRONG = [
    ({}, "nothing says what is kept"),
    ({"rule": "enzz"}, "'enzz'.*did you mean 'enz'"),
    ({"rule": "enz:losss=1"}, "did you mean 'loss'"),
    ({"rule": "power10"}, "'power10' is no rule: it has no condition"),
    ({"rule": "enz", "derive": ["conformal"]}, "is fitted to the validation part"),
    ({"rule": "enz", "run": ["re"]}, "no two of the predicted targets are such: eps_re_xx"),
    ({"rule": "enz", "run": ["static"]}, "no two of the predicted targets are such: static"),
    ({"rule": "enz", "run": ["re", "im", "both"]}, "both predict 'eps_re_xx'"),
    ({"rule": "enz", "run": ["re", "re"]}, "a run is named twice"),
    ({"rule": "enz", "run": []}, "no run was named"),
    ({"rule": "enz:hull_column=e_hull"}, "(?s)no column 'e_hull'.*enz:hull_column=none"),
    ({"rule": "enz", "pictures": __file__}, "is a file"),
    ({"where": "energy_above_hul < 1"}, "did you mean 'energy_above_hull'"),
    ({"where": "static +"}, "expected a name"),
    ({"where": "energy_above_hull"}, "a filter is true or false"),
    ({"where": f"{RE} > 1"}, "holds true values of what is predicted"),
    ({"where": f"prediction_{RE}_mean > 1"}, "is an array, and conditions compare numbers"),
    ({"rule": "enz", "example": ["nothing"]}, "holds no material 'nothing'"),
    ({"rule": "enz", "example": ["eps-0000001"]}, "no folder for pictures is named"),
    ({"rule": "enz", "min_pairs": 0}, "min_pairs is 0"),
    ({"rule": "enz", "output": "table.xlsx"}, r"table\.xlsx"),
    ({"rule": "enz", "epoch": 3}, "epoch"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "message"), WRONG, ids=[str(one) for one, _ in WRONG])
def test_what_cannot_be_screened_is_refused(world, runs, options, message):
    given = {"run": ["re", "im"], **options}
    with pytest.raises((md.MatdataError, TypeError), match=message):
        md.screen(given.pop("run"), world, cache=world.cache, **given)


def test_parts_on_different_axes_are_refused(world, runs):
    other = _train(world, [RE], "re-other", axis=[f"{RE}=other"])
    with pytest.raises(md.ConfigError, match=r"61 points from 0 to 24 eV.*61 points from 0 to 12"):
        md.screen([other, runs["im"]], world, rule=RULE)


def test_a_hull_in_another_unit_is_refused(world, runs):
    records = [
        {"formula": formula, "energy_above_hull": 12.0, "energies": ENERGIES.tolist(),
         RE: ENERGIES.tolist(), IM: ENERGIES.tolist()}
        for formula in world.table.formula[:4]
    ]  # fmt: skip
    path = world.cache / "milli.json"
    path.write_text(json.dumps(records))
    dataset = md.build(str(path), cache=world.cache, name="milli", workers=1, split=None,
                       unit={"energy_above_hull": "meV/atom"}, features=["fractions"])  # fmt: skip
    with pytest.raises(md.ConfigError, match="limit in eV/atom, and it is in meV/atom"):
        md.screen(["re", "im"], dataset, cache=world.cache, rule=RULE)
    assert (
        len(
            md.screen(
                ["re", "im"], dataset, cache=world.cache, rule=f"{RULE},hull_column=none"
            ).kept
        )
        == 4
    )


def test_a_dataset_without_the_feature_says_how_to_make_it(world, runs):
    path = world.cache / "bare.csv"
    path.write_text("formula,energy_above_hull\nNaCl,0.0\nMgO,0.0\n")
    dataset = md.build(str(path), cache=world.cache, name="bare", workers=1, split=None)
    with pytest.raises(md.FeatureError, match="fractions"):
        md.screen(["re", "im"], dataset, cache=world.cache, rule=RULE)


def test_derived_distances_to_the_hull_can_be_compared(tmp_path):
    rows = [{**one, "e_form": one["y"]} for one in toy.rows()]
    dataset = toy.build(tmp_path / "cache", rows)
    run = toy.train(dataset, ["e_form"], "stable", ensemble=2, epochs=5)
    where = "prediction_energy_above_hull_mean < 0.05 and prediction_energy_above_hull_total > 0"
    screening = md.screen(run, dataset, derive=["hull:toy"], where=where)
    derived = md.predict(run, dataset, derive=["hull:toy"])
    expected = derived.ids[derived.mean[:, 1] < 0.05]
    assert screening.columns()["material_id"] == expected.tolist()
    assert 0 < len(expected) < len(dataset)
    described = {one.name: one.derivation for one in screening.request.described}
    assert described["prediction_energy_above_hull_mean"].startswith("hull:reference=toy")
