"""A stranger's feature reaches models in its own form, through the door of matdata's own."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from support.bonds import install_bonds
from support.crystals import many
from support.files import mp_document

import matdata as md
from matdata.core.errors import ConfigError, FeatureError
from matdata.features import FEATURIZERS, featurizer
from matdata.load.arrays import ArrayInput
from matdata.load.inputs import BatchForm, form_of
from matdata.load.inputs.dense import DenseBatch
from matdata.load.inputs.graph import GraphBatch
from matdata.load.loader import make_loader
from matdata.load.modes import MODES
from matdata.training import TRAINERS
from matdata.training.settings import TrainSettings

COUNT = 40
FEATURES = ("bonds", "plain-bonds", "two-way-bonds", "graph", "wyckoff", "formula-graph")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    install_bonds(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        for registry in (FEATURIZERS, TRAINERS):
            registry.refresh()
        yield folder
    for registry in (FEATURIZERS, TRAINERS):
        registry.refresh()
    for name in ("bonds", "bonds_batch"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def bonded(site, tmp_path_factory):
    home = tmp_path_factory.mktemp("bonded")
    crystals = many(COUNT)
    documents = [mp_document(crystals, row) for row in range(COUNT)]
    lines = [json.dumps({**document, "gap": 0.1 * row}) for row, document in enumerate(documents)]
    (home / "bonded.jsonl").write_text("\n".join(lines))
    return md.build(
        home / "bonded.jsonl",
        features=FEATURES,
        cache=home / "cache",
        shard_rows=16,
        workers=1,
        dedupe="none",
        name="bonded",
    )


def test_every_form_of_matdata_itself_is_named_by_its_feature():
    for name in FEATURIZERS._builtin:
        made = featurizer(
            f"{name}:mat2vec"
            if name == "element"
            else name.replace("matminer", "matminer:DensityFeatures")
        )
        form = form_of(made)
        assert issubclass(form, BatchForm)
        assert f"{form.__module__}:{form.__name__}" == made.batch_form
    means = featurizer("ofm", {"level": "structure"})
    assert form_of(means).__name__ == "MeanOrbitalFieldBatch"


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_own_form_in_every_mode_shuffled_and_resumed(bonded, mode):
    form = importlib.import_module("bonds_batch").BondBatch

    def made():
        options = {"batch_size": 7, "shuffle": True, "seed": 3, "mode": mode, "window": 15}
        return make_loader(bonded, None, ["bonds"], "gap", **options)

    def content(batch):
        bonds = batch.get("bonds", form)
        assert type(bonds) is form
        assert not hasattr(bonds, "values")
        return batch.ids, bonds.first.tolist(), bonds.length.tolist()

    whole = [content(batch) for batch in made()]
    assert [ids for ids, _, _ in whole] != sorted(ids for ids, _, _ in whole)
    stored = bonded.feature("bonds")
    for ids, first, length in whole:
        fields = stored.stored(ids)
        begins = np.repeat(fields["numbers"].offsets[:-1], fields["first"].lengths)
        assert first == (fields["first"].values + begins).tolist()
        assert length == fields["length"].values.tolist()
    loader = made()
    seen = [content(batch) for _, batch in zip(range(3), loader, strict=False)]
    state = json.loads(json.dumps(loader.state()))
    other = made()
    other.load_state(state)
    assert seen + [content(batch) for batch in other] == whole


def test_a_featurizer_that_declares_nothing_is_dense(bonded):
    (batch,) = make_loader(bonded, None, ["plain-bonds"], batch_size=COUNT)
    bonds = batch.get("plain-bonds", DenseBatch)
    dense = bonded.feature("plain-bonds").dense(batch.ids)
    assert bonds.values.dtype == torch.float32
    np.testing.assert_array_equal(bonds.values, dense.values.astype(np.float32))
    assert bonds.segments["row"].host_lengths.tolist() == dense.lengths.tolist()


@pytest.mark.slow
def test_its_trainer_trains_and_predicts(bonded):
    bonded.split("60/20/20", name="main")
    run = md.train("bond-net", bonded, target="gap", split="main", train={"max_entries": "bond=20"})
    assert run.settings.limits == {"bond": 20}
    assert len(md.predict(run, bonded)) == COUNT
    assert len(md.predict(run, many(3))) == 3
    small = md.predict(run, bonded, max_entries="bond=2")  # grows to the largest material
    assert len(small) == COUNT
    few = {"max_entries": "bond=2"}
    with pytest.raises(ConfigError, match=r"max_entries={'bond': \d+} or more"):
        md.train("bond-net", bonded, target="gap", train=few, split="main", name="no")


@pytest.mark.parametrize("wrong", ["bond", "bond=", "=4", "bond=0", "bond=-2", "bond=1.5"])
def test_a_budget_of_a_training_that_cannot_be_read(wrong):
    with pytest.raises(ConfigError, match="expected LEVEL=NUMBER"):
        TrainSettings(max_entries=wrong)


def lengths_of(dataset, batch, spec, name):
    return dataset.feature(spec).stored(batch.ids)[name].lengths


@pytest.mark.slow
def test_budgets_follow_any_level(bonded):
    options = {"batch_size": 0, "shuffle": True}
    loader = make_loader(bonded, None, ["bonds"], max_entries={"bond": 20}, **options)
    batches = list(loader)
    assert sorted(name for batch in batches for name in batch.ids) == loader.ids.tolist()
    assert len(batches) > 5
    for batch in batches:
        assert lengths_of(bonded, batch, "bonds", "first").sum() <= 20
    # columns that a featurizer makes count as they are in the batch
    for batch in make_loader(bonded, None, ["two-way-bonds"], max_entries={"bond": 20}, **options):
        assert batch["two-way-bonds"].segments["bond"].total <= 20
        assert 2 * lengths_of(bonded, batch, "two-way-bonds", "first").sum() <= 20
    for spec, level in (("wyckoff", "orbit"), ("wyckoff", "labelling"), ("formula-graph", "node")):
        for batch in make_loader(bonded, None, [spec], max_entries={level: 70}, **options):
            assert 0 < batch[spec].segments[level].total <= 70
    for batch in make_loader(bonded, None, ["plain-bonds"], max_entries={"row": 20}, **options):
        assert len(batch["plain-bonds"].values) <= 20


@pytest.mark.slow
def test_budgets_of_other_levels_are_checked(bonded):
    def refused(match, **options):
        with pytest.raises(ConfigError, match=match):
            make_loader(bonded, None, ["bonds"], **options)

    refused("no input has facets", max_entries={"facet": 9})
    refused(r"has \d+ bonds, a batch may hold 1", max_entries={"bond": 1})
    refused("'max_entries' holds 'bond': 0; expected a whole number", max_entries={"bond": 0})
    refused("expected the limit of sites as max_sites", max_entries={"site": 9})
    refused("drop_last", max_entries={"bond": 9}, drop_last=True)
    loader = make_loader(bonded, None, ["bonds"], max_entries={"bond": 20})
    other = make_loader(bonded, None, ["bonds"], max_entries={"bond": 21})
    with pytest.raises(ConfigError, match="max_entries"):
        other.load_state(loader.state())
    plain = make_loader(
        bonded, None, ["bonds"], batch_size=0, max_sites=None, max_entries={"bond": 20}
    )
    plain.load_state(loader.state() | {"batch_size": 0})


def test_another_form_than_expected_is_named(bonded):
    (batch,) = make_loader(bonded, None, ["graph", "bonds"], batch_size=COUNT)
    assert batch.get("graph", GraphBatch) is batch["graph"]
    with pytest.raises(ConfigError, match="input 'bonds' is a BondBatch, not a GraphBatch"):
        batch.get("bonds", GraphBatch)
    with pytest.raises(ConfigError, match=r"no input 'graf'.*graph"):
        batch.get("graf", GraphBatch)


@pytest.mark.slow
def test_forms_say_what_they_hold_in_one_line(bonded):
    (batch,) = make_loader(bonded, None, ["graph"], batch_size=COUNT)
    graph = batch["graph"]
    sites, edges = len(graph.numbers), graph.edge_index.shape[1]
    assert repr(graph) == f"GraphBatch({len(batch)} materials, edge: {edges:,}, site: {sites:,})"


def test_batches_of_numpy_hold_what_is_stored(bonded):
    (batch,) = make_loader(bonded, None, ["bonds"], batch_size=COUNT, device="numpy")
    bonds = batch.get("bonds", ArrayInput)
    fields = bonded.feature("bonds").stored(batch.ids)
    np.testing.assert_array_equal(bonds.fields["length"], fields["length"].values)
    assert bonds.offsets["bond"].tolist() == fields["first"].offsets.tolist()
    with pytest.raises(ConfigError, match="input 'bonds' is a ArrayInput, not a GraphBatch"):
        batch.get("bonds", GraphBatch)


@pytest.mark.slow
def test_building_and_numpy_batches_import_no_torch(bonded, site):
    script = f"""
import sys
sys.path.insert(0, {str(site)!r})
sys.modules["torch"] = None
import matdata as md
from matdata.features import featurizer
dataset = md.open("bonded", cache={str(bonded.cache)!r})
assert featurizer("bonds").batch_form == "bonds_batch:BondBatch"
batches = list(dataset.loader(inputs=["bonds"], device="numpy", batch_size=9))
print(sum(len(batch["bonds"].fields["length"]) for batch in batches))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    total = len(bonded.feature("bonds").stored(bonded.ids.tolist())["length"].values)
    assert int(done.stdout) == total


WRONG = {
    "no_such_module:Form": "cannot be imported: ModuleNotFoundError",
    "bonds_batch:Nothing": "cannot be imported: AttributeError",
    "bonds_batch": 'expected "package.module:Class"',
    "bonds_batch:BondNet": "no subclass of BatchForm",
}


@pytest.mark.parametrize(("path", "match"), WRONG.items())
def test_a_form_that_is_none_is_refused_with_the_featurizer_to_mend(site, path, match):
    made = featurizer("bonds")
    type(made).batch_form = path
    try:
        with pytest.raises(FeatureError, match=match) as caught:
            form_of(made)
        assert "bonds.Bonds" in str(caught.value.next_step)
    finally:
        type(made).batch_form = "bonds_batch:BondBatch"
