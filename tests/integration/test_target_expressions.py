"""Targets that are expressions: learnt, scored, compared and written in the unit that follows."""

from __future__ import annotations

import json
import re

import numpy as np
import pyarrow.parquet as pq
import pytest
from support.runs import TARGET, train

import matdata as md
from matdata.cli import main
from matdata.training.data import View
from matdata.training.target_cells import cells_of

pytestmark = pytest.mark.slow

#: About half of the materials lie outside the domain of the logarithm.
MEDIAN = -17
LOG = f"log10({MEDIAN} - {TARGET})"


def _manifest(cache, name="a"):
    return json.loads((cache / "runs" / name / "manifest.json").read_text())


def _evaluated(cache, capsys, name="a"):
    capsys.readouterr()
    assert main(["evaluate", name, "--cache", str(cache), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("plugin", ["example", "dummy"])
def test_a_logarithm_is_learnt_and_scored_where_it_is_defined(cache, capsys, plugin):
    spaced = LOG.replace("(", "( ")
    assert train(cache, target=spaced, plugin=plugin) == 0
    dataset = md.open("s", cache)
    energies = dict(zip(dataset.ids.tolist(), dataset.columns[TARGET], strict=True))
    split = dataset.split("main")
    fits = {part: [i for i in ids if energies[i] < MEDIAN] for part, ids in split.items()}
    assert all(0 < len(fits[part]) < len(split[part]) for part in split)
    manifest = _manifest(cache)
    (target,) = manifest["targets"]
    unit = "log10(eV/atom)"
    assert target == {
        "name": LOG, "size": 1, "unit": unit, "task": "regression", "expression": LOG
    }  # fmt: skip
    assert manifest["sizes"] == {part: len(fits[part]) for part in ("train", "val")}
    lost = sum(len(split[part]) - len(fits[part]) for part in ("train", "val"))
    assert (
        f"{lost} materials of train and validation have no {LOG}: target_domain"
        in manifest["notes"]
    )
    scored = _evaluated(cache, capsys)["targets"][LOG]
    assert scored["unit"] == unit
    assert scored["materials"] == len(fits["test"])
    assert scored["missing"] == {"target_domain": len(split["test"]) - len(fits["test"])}
    table = pq.read_table(cache / "runs" / "a" / "test.parquet")
    assert table.schema.field(f"prediction_{LOG}_mean").metadata[b"unit"].decode() == unit
    truths = dict(
        zip(table["material_id"].to_pylist(), table[f"truth_{LOG}"].to_pylist(), strict=True)
    )
    for identity, energy in energies.items():
        if identity in truths and energy < MEDIAN:
            assert truths[identity] == pytest.approx(np.log10(MEDIAN - energy))
        elif identity in truths:
            assert truths[identity] is None
    pictures = [path.name for path in (cache / "runs" / "a" / "pictures").iterdir()]
    assert pictures
    assert all("/" not in name and "(" not in name for name in pictures)


def test_a_comparison_is_a_class_and_runs_of_one_target_are_compared(cache, capsys):
    for name, text in (("a", f"{TARGET}>{MEDIAN}"), ("b", f"{TARGET}  > {MEDIAN}")):
        assert train(cache, target=text, plugin="dummy", name=name) == 0
    (target,) = _manifest(cache)["targets"]
    assert target["task"] == "classification"
    assert target["classes"] == [False, True]
    assert _manifest(cache)["identity_digest"] == _manifest(cache, "b")["identity_digest"]
    for name in "ab":
        scored = _evaluated(cache, capsys, name)["targets"][f"{TARGET} > {MEDIAN}"]
        assert scored["classes"] == ["false", "true"]
        assert 0 < scored["metrics"]["accuracy"] < 1
    assert main(["runs", "--cache", str(cache), "--json"]) == 0
    groups = json.loads(capsys.readouterr().out)["ranked"]
    assert [group["target"] for group in groups] == [f"{TARGET} > {MEDIAN}"]
    assert len(groups[0]["runs"]) == 2


@pytest.mark.slow
def test_columns_and_expressions_are_learnt_together_in_their_units(cache, capsys):
    more = ["--target", f"{TARGET} * n_sites", "--target", "`volume_per_atom`"]
    assert train(cache, *more, plugin="example") == 0
    targets = _manifest(cache)["targets"]
    names = [TARGET, f"{TARGET} * n_sites", "volume_per_atom"]
    assert [target["name"] for target in targets] == names
    assert [target["unit"] for target in targets] == ["eV/atom", "eV", "Å^3/atom"]
    assert [target.get("expression") for target in targets] == [None, names[1], None]
    record = _evaluated(cache, capsys)
    assert list(record["targets"]) == names
    assert all(scored["metrics"]["mae"] >= 0 for scored in record["targets"].values())


def test_a_plain_column_keeps_the_identity_that_it_had(cache):
    assert train(cache, plugin="dummy") == 0
    assert _manifest(cache)["identity"]["targets"] == [
        {"name": TARGET, "size": 1, "unit": "eV/atom", "task": "regression"}
    ]
    assert train(cache, plugin="dummy", target=f"`{TARGET}`", name="b") == 0
    assert _manifest(cache)["identity_digest"] == _manifest(cache, "b")["identity_digest"]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("log10(ewald)", "has no column 'ewald', character 7 .*did you mean"),
        (f"log10({TARGET})", "(?s)no material of the training part has a log10.*target_domain"),
        (f"{TARGET} - volume_per_atom", "are of different units"),
        ("log10(formula)", "log10 takes numbers; formula is text"),
        (f"{TARGET} +", "nothing more"),
    ],
)
def test_what_cannot_be_learnt_is_one_error_before_anything_is_trained(
    cache, capsys, target, message
):
    assert train(cache, target=target, plugin="dummy") == 1
    error = capsys.readouterr().err

    assert re.search(message, error)
    assert not (cache / "runs" / "a").exists()


def test_no_cell_of_the_test_part_is_read_before_it_is_opened(cache):
    dataset = md.open("s", cache)
    split = dataset.split("main")
    test = {dataset.row(identity) for identity in split["test"]}

    class Sealed(list):
        def __getitem__(self, row):
            assert row not in test, "a true value of the test part was read"
            return super().__getitem__(row)

        def __iter__(self):
            raise AssertionError("the whole column was read")

    class Columns(dict):
        spectra = None

    dataset.columns = Columns({**dataset.columns, TARGET: Sealed(dataset.columns[TARGET])})
    from matdata.training import trainer
    from matdata.training.target_notes import domain_notes
    from matdata.training.targets import infer_targets, with_value

    train_ids, valid = (np.array(split[part]) for part in ("train", "val"))
    targets = infer_targets(dataset, (LOG,), None, train_ids, trainer("dummy"))
    known = with_value(dataset, targets, valid)
    assert domain_notes(dataset, targets, valid)
    view = View.sealed(dataset, {}, targets, np.concatenate([train_ids, valid]))
    assert not any(view.columns[LOG][row] is not None for row in test)
    rows = view.rows(known).tolist()
    assert all(cell is not None for cell in cells_of(view.columns, targets[0], rows).cells)


def test_loaders_take_expressions_and_count_what_lies_outside(cache):
    dataset = md.open("s", cache)
    train_loader, _, test = dataset.loaders(
        "main", inputs=["fractions"], target=[LOG, f"{TARGET} > {MEDIAN}"], quiet=True
    )
    reasons = set(train_loader.left_out.values())
    assert reasons == {"target_domain"}
    assert "(target_domain)" in train_loader.describe()
    values, mask = test.values
    assert mask.all()
    energies = dataset.table[TARGET]
    expected = np.log10(MEDIAN - energies[test.ids].to_numpy())
    np.testing.assert_allclose(values[:, 0], expected, rtol=1e-12)
    assert (values[:, 1] == 0).all()
    units = [column.unit for column in test._materials.targets.columns]
    assert units == ["log10(eV/atom)", "1"]
    with pytest.raises(md.ConfigError, match="target_domain"):
        dataset.loader(inputs=["fractions"], target=f"log10({TARGET})")
    masked = dataset.loader(
        inputs=["fractions"], target=[LOG, TARGET], missing="mask", normalizer="standard"
    )
    assert len(masked.ids) == len(dataset)


def test_python_and_a_new_dataset_give_the_same_truths(cache):
    run = md.train("dummy", "s", LOG, split="main", name="p", cache=cache)
    from matdata.training.predict import predict_dataset

    dataset = md.open("s", cache)
    found = predict_dataset(run, dataset, with_truth=True)
    known = np.isfinite(found.true[:, 0])
    np.testing.assert_array_equal(known, dataset.table[TARGET].to_numpy() < MEDIAN)
