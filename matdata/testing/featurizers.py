"""The contract that the tests of every featurizer subclass.

::

    from matdata.testing.featurizers import FeaturizerContract

    class TestMine(FeaturizerContract):
        feature = "mine"
        settings = {"cutoff": 4.0}
        invariant_to = ("translation", "rotation")

Data are crystals of `matdata`'s own sample; override `crystals` for a feature that needs others.
"""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pytest

from matdata import api
from matdata.core.crystals import Crystals, Ragged, as_ids
from matdata.core.table_rows import TableRows
from matdata.features import REQUIREMENTS, featurizer
from matdata.features.base import Block, Column, Dense, FeatureInput, Featurizer
from matdata.features.building.block_check import check_block
from matdata.features.feature import values_and_offsets
from matdata.features.inputs import PartialInput
from matdata.features.intermediates import shared_values
from matdata.materials.compute import for_featurizer, stored_fields
from matdata.sources import find_source
from matdata.sources.base import Request
from matdata.testing import invariance

#: What is imported where torch is not, as on a machine that only builds.
WITHOUT_TORCH = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ImportError("torch is not on this machine")

sys.meta_path.insert(0, Refuse())
from matdata.features import featurizer
made = featurizer({feature!r}, {settings!r})
print(len(made.labels()), len(made.fields))
"""


class FeaturizerContract:
    """What holds for every featurizer. A subclass says which; its tests are inherited."""

    #: What a user types: a name in the entry-point group ``matdata.featurizers``, or
    #: ``name:variant``.
    feature: ClassVar[str]
    #: Settings it is tested with.
    settings: ClassVar[Mapping[str, object]] = {}
    #: What the dense form of a structure does not depend on: ``translation``, ``rotation`` and
    #: ``permutation`` (of sites; entries of a material may be reordered by it).
    invariant_to: ClassVar[tuple[str, ...]] = ("translation", "rotation", "permutation")
    #: Labels of columns that are indices of sites or cells, so that they depend on their order.
    indices: ClassVar[tuple[str, ...]] = ()
    #: Largest change by rounding, over the largest number of its column.
    tolerance: ClassVar[float] = 1e-5
    #: What a user would build for the materials of the tests.
    source: ClassVar[str] = "sample:12"

    @classmethod
    def make(cls) -> Featurizer:
        """The featurizer with its settings."""
        return featurizer(cls.feature, cls.settings)

    @pytest.fixture(scope="class")
    @classmethod
    def crystals(cls) -> Crystals:
        """Structures, of which at least one has a feature."""
        chunk = next(find_source(cls.source, Request()).chunks())
        assert chunk.crystals is not None
        return chunk.crystals

    @pytest.fixture(scope="class")
    @classmethod
    def table(cls) -> TableRows | None:
        """Cells of the columns that it reads, of the same materials; None if it reads none."""
        made = cls.make()
        chunk = next(find_source(cls.source, Request()).chunks())
        columns = {name: chunk.table[name] for name in made.columns()}
        return TableRows(as_ids(chunk.table["material_id"]), columns) if columns else None

    @pytest.fixture(scope="class")
    @classmethod
    def materials(cls, crystals: Crystals, table: TableRows | None) -> FeatureInput:
        """What the featurizer requires of them."""
        return for_featurizer(crystals, cls.make(), table)

    @pytest.fixture(scope="class")
    @classmethod
    def block(cls, materials: FeatureInput) -> Block:
        """The features of all materials at once."""
        return cls.make().featurize(materials)

    def test_it_says_what_it_is(self) -> None:
        """Name, version, citation, what it requires, and documented settings and fields."""
        featurizer = self.make()
        assert featurizer.spec == self.feature
        assert featurizer.version
        assert featurizer.citation
        assert isinstance(featurizer.requires, frozenset)
        assert featurizer.requires
        assert featurizer.requires <= REQUIREMENTS
        assert bool(featurizer.columns()) is ("columns" in featurizer.requires)
        assert featurizer.workers in ("thread", "process")
        assert min(featurizer.batch_rows, featurizer.shard_rows) > 0
        assert all(meaning for _, _, meaning in type(featurizer.settings).describe())
        assert all(field.meaning and field.unit and field.level for field in featurizer.fields)
        names = [field.name for field in featurizer.fields]
        assert sorted({*names}) == sorted(names)

    def test_settings_and_identity_are_stable(self) -> None:
        """Settings survive as JSON has them; equal ones have one digest, in every process."""
        featurizer = self.make()
        again = type(featurizer.settings).from_mapping(featurizer.settings.to_dict())
        assert again == featurizer.settings
        assert type(featurizer)(again).digest() == featurizer.digest() == self.make().digest()
        assert featurizer.identity()["version"] == featurizer.version
        assert (
            ForkingPickler.loads(ForkingPickler.dumps(featurizer.settings)) == featurizer.settings
        )

    def test_a_block_holds_what_its_fields_say(self, materials: FeatureInput, block: Block) -> None:
        """Shapes, types and offsets of the fields; every other material is a reject."""
        featurizer = self.make()
        check_block(featurizer, materials, block)
        assert len(block.rows)
        for field in featurizer.fields:
            column = block.fields[field.name]
            values = column.values if isinstance(column, Ragged) else column
            assert isinstance(column, Ragged) is (field.level != "crystal")
            assert len(column) == len(block.rows)
            assert values.dtype == np.dtype(field.dtype)
            assert values.shape[1:] == field.shape
        missing = np.setdiff1d(np.arange(len(materials)), block.rows)
        rejected = sorted(reject.material_id for reject in block.rejects)
        assert rejected == sorted(str(materials.ids[row]) for row in missing)
        assert all(reject.reason and reject.message for reject in block.rejects)

    def test_neither_order_nor_batch_matters(self, materials: FeatureInput, block: Block) -> None:
        """A material has the same numbers in any order, and alone."""
        featurizer = self.make()
        order = np.random.default_rng(0).permutation(len(materials))
        shuffled = featurizer.featurize(materials.take(order))
        place = {row: k for k, row in enumerate(order[shuffled.rows].tolist())}
        assert sorted(place) == block.rows.tolist()
        for k, row in enumerate(block.rows.tolist()):
            alone = featurizer.featurize(materials.take([row]))
            for name in block.fields:
                expected = _entry(block.fields[name], k)
                np.testing.assert_array_equal(_entry(shuffled.fields[name], place[row]), expected)
                np.testing.assert_array_equal(_entry(alone.fields[name], 0), expected)

    def test_ids_do_not_matter(self, materials: FeatureInput, block: Block) -> None:
        """A material under another id has the same numbers, unless it declares otherwise."""
        if not self.make().reusable:
            pytest.skip("it says that values depend on more than the material")
        renamed = self.make().featurize(invariance.renamed(materials))
        assert renamed.rows.tolist() == block.rows.tolist()
        for name, column in block.fields.items():
            for k in range(len(block.rows)):
                np.testing.assert_array_equal(_entry(renamed.fields[name], k), _entry(column, k))

    def test_what_it_reads_stays_as_it_is(self, materials: FeatureInput) -> None:
        """The arrays of a batch are read alone."""
        before = copy.deepcopy(materials)
        featurizer = self.make()
        featurizer.dense(featurizer.featurize(materials).fields)
        assert materials.ids.tolist() == before.ids.tolist()
        for part in ("", "crystals", "compositions"):
            held, first = (getattr(one, part, None) if part else one for one in (materials, before))
            for name in ("lattice", "frac_coords", "numbers", "amounts", "offsets"):
                after = getattr(held, name, None)
                np.testing.assert_array_equal(after, getattr(first, name, None), err_msg=name)
        if "columns" in featurizer.requires:
            assert featurizer.table(materials).columns == featurizer.table(before).columns

    def test_a_shared_pass_changes_nothing(self, materials: FeatureInput, block: Block) -> None:
        """Its numbers are the same where another featurizer has computed its intermediates."""
        with shared_values():
            blocks = [self.make().featurize(materials) for _ in range(2)]
        for shared in blocks:
            np.testing.assert_array_equal(shared.rows, block.rows)
            for k in range(len(block.rows)):
                for name, column in block.fields.items():
                    expected = _entry(column, k)
                    np.testing.assert_array_equal(_entry(shared.fields[name], k), expected)

    def test_the_dense_form_has_its_labels(self, block: Block) -> None:
        """A finite number, a label and a unit for each column, from stored fields alone."""
        featurizer = self.make()
        dense = featurizer.dense(block.fields)
        values = dense.values if isinstance(dense, Ragged) else dense
        assert len(dense) == len(block.rows)
        assert values.shape[-1] == len(featurizer.labels()) == len(featurizer.units())
        assert np.isfinite(values).all()
        assert len({*featurizer.labels()}) == len(featurizer.labels())
        assert all(
            isinstance(text, str) and text for text in (*featurizer.labels(), *featurizer.units())
        )

    def test_a_build_stores_what_is_computed_in_memory(
        self, crystals: Crystals, tmp_path: Path
    ) -> None:
        """`build` and `compute` give the same bits, and refuse the same materials."""
        built = api.build(self.source, cache=tmp_path, workers=1, name="contract", dedupe="none")
        from matdata.building.feature_stage import add_features
        from matdata.building.options import BuildOptions
        from matdata.features.building.dataset_inputs import input_of_rows
        from matdata.store.dataset_rows import DatasetRows

        chosen = {self.feature: dict(self.settings)} if self.settings else {}
        options = BuildOptions(features=(self.feature,), feature_settings=chosen, workers=1)
        add_features(built, built.cache, options)
        stored = built.feature(self.feature)
        made = stored.featurizer
        if "columns" in stored.featurizer.requires:  # materials by themselves have no table
            given = input_of_rows(DatasetRows(built), made, 0, len(built.ids))
            assert not isinstance(given, PartialInput)
            rows, fields, _ = stored_fields(made, given)
            ids, (fresh, _) = built.ids[rows].tolist(), values_and_offsets(made.dense(fields))
        else:
            computed = api.compute(self.feature, built.crystals, **self.settings)
            ids, fresh = [str(name) for name in computed.ids], computed.values
        assert stored.ids.tolist() == ids
        held = stored.dense()
        np.testing.assert_array_equal(held.values if isinstance(held, Ragged) else held, fresh)

    def test_the_same_crystal_written_otherwise(
        self, crystals: Crystals, table: TableRows | None
    ) -> None:
        """Moved, turned, and with its sites in another order (`invariant_to`)."""
        made, rng = self.make(), np.random.default_rng(1)
        if "structure" not in made.requires:
            pytest.skip("it reads no structures")
        forms = {
            "translation": invariance.translate(crystals, [0.31, 0.77, 0.11]),
            "rotation": invariance.rotate(crystals, invariance.rotation_matrix(rng)),
            "permutation": invariance.permute(crystals, rng)[0],
        }
        assert {*self.invariant_to} <= {*forms}
        expected = self.summary(made.featurize(for_featurizer(crystals, made, table)))
        scale = np.abs(expected).max(axis=0) + 1.0
        for name in self.invariant_to:
            block = made.featurize(for_featurizer(forms[name], made, table))
            change = np.abs(self.summary(block) - expected) / scale
            assert change.max() <= self.tolerance, name

    def summary(self, block: Block) -> npt.NDArray[np.float64]:
        """Numbers of each material by which two blocks are compared, (k, d).

        Those of the dense form; of one with several entries a material, the mean, smallest and
        largest of each column, since their order may differ. Columns of `indices` are left out.
        """
        featurizer = self.make()
        columns = [
            column for column, label in enumerate(featurizer.labels()) if label not in self.indices
        ]
        return np.array(
            [_summary(entry[..., columns]) for entry in _entries(featurizer.dense(block.fields))]
        )

    def test_it_needs_no_torch(self) -> None:
        """Imported, and asked for its labels, where torch cannot be imported."""
        script = WITHOUT_TORCH.format(feature=self.feature, settings=dict(self.settings))
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        featurizer = self.make()
        assert done.stdout.split() == [str(len(featurizer.labels())), str(len(featurizer.fields))]


def _entry(column: Column, row: int) -> npt.NDArray[np.generic]:
    entry: npt.NDArray[np.generic] = column[row]
    return entry


def _entries(dense: Dense) -> list[npt.NDArray[np.float64]]:
    return [np.asarray(dense[row], dtype=np.float64) for row in range(len(dense))]


def _summary(entry: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    if entry.ndim == 1:
        return entry
    return np.concatenate([entry.mean(axis=0), entry.min(axis=0), entry.max(axis=0)])
