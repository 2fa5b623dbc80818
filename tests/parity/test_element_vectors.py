"""Element tables against the packages they come from."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest

from matdata.core import elements
from matdata.tables import element_vectors


def test_matscholar_and_megnet_equal_matminer():
    from matminer.utils.data import MatscholarElementData, MEGNetElementData

    for name, data, last in (
        ("matscholar", MatscholarElementData(), 103),
        ("megnet16", MEGNetElementData(), 94),
    ):
        table = element_vectors.vectors(name)
        for number in range(1, last + 1):
            row = data.all_element_data[elements.symbols()[number]]
            expected = np.array([row[key] for key in data.prop_names])
            np.testing.assert_allclose(table[number], expected, rtol=1e-6, err_msg=str(number))
        assert np.isnan(table[last + 1 :]).all()


def test_cgcnn_equals_matminer():
    path = files("matminer").joinpath("utils/data_files/cgcnn_atom_feature.json")
    expected = json.loads(path.read_text())
    table = element_vectors.vectors("cgcnn92")
    for number in range(1, 101):
        assert table[number].tolist() == expected[str(number)]


def test_mat2vec_equals_element_embeddings():
    embeddings = pytest.importorskip("elementembeddings.core", reason="uv sync --group tables")
    for name in ("mat2vec", "matscholar"):
        table = element_vectors.vectors(name)
        for symbol, row in embeddings.Embedding.load_data(name).embeddings.items():
            np.testing.assert_allclose(table[elements.atomic_number(symbol)], row, rtol=1e-6)


def test_jarvis_equals_its_dictionary_in_one_key_order():
    specie = pytest.importorskip("jarvis.core.specie", reason="uv sync --group tables")
    labels = element_vectors.labels("jarvis438")
    assert list(labels) == specie.get_descrp_arr_name("Al")
    table = element_vectors.vectors("jarvis438")
    for symbol, row in specie.chem_data.items():
        ours = table[elements.atomic_number(symbol)]
        theirs = np.array([float(row[key]) for key in labels])
        np.testing.assert_allclose(np.where(np.isnan(ours), -9999, ours), theirs, rtol=1e-6)
