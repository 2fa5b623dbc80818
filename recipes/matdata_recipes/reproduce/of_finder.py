"""Tables and figures of Finder."""

from __future__ import annotations

from matdata_recipes.more_presets import FINDER_1, FINDER_3
from matdata_recipes.reproduce.items import Item, Need
from matdata_recipes.table_presets import FINDER_2, FINDER_4

_JARVIS = (
    Need("dft_3d.json", "https://figshare.com/articles/dataset/6815699"),
    Need("optics", "https://jarvis.nist.gov: the page of each material as <jid>.xml"),
)
_ENZ = "`python -m matdata_recipes.finder_enz --stand-in N`: synthetic oscillators"
_BESIDE = _ENZ.replace("--stand-in N", "--stand-in N --beside rescnn")
_NO_SUPPLEMENT = "the supporting information, which we do not have"

ITEMS = (
    Item("finder", "figure-1", "the formula graph of a compound", drawing=True),
    Item("finder", "figure-2", "the architecture", drawing=True),
    Item("finder", "table-1", "errors of models without structures on six MP properties",
         ("finder-mp-*-formula",), FINDER_1, seeds=(0, 1, 2), hours=600),
    Item("finder", "table-2", "errors of models with structures on six MP properties",
         ("finder-mp-*",), FINDER_2, seeds=(0, 1, 2), hours=900),
    Item("finder", "table-3", "ablations of Finder on formation energies",
         ("finder-mp-formation-energy-finder-*",), FINDER_3, hours=700),
    Item("finder", "figure-3", "learning curves on formation energies, with power laws",
         ("finder-mp-formation-energy-*-formula",),
         steps=("matdata curve {run} --fractions 0.002,0.01,0.05,0.2,0.5",), hours=400),
    Item("finder", "figure-4", "predicted against computed formation energies (a: formula, b: "
         "crystal), and the distributions of errors (c)",
         ("finder-mp-formation-energy-finder-formula", "finder-mp-formation-energy-finder"),
         hours=150),
    Item("finder", "figure-5a", "training progress of Finder, MegNet and CGCNN",
         ("finder-mp-formation-energy-finder", "finder-mp-formation-energy-megnet",
          "finder-mp-formation-energy-cgcnn"), seeds=(0, 1, 2), hours=450),
    Item("finder", "figure-5b", "cumulative distribution of errors, and the share below 43 meV",
         ("finder-mp-formation-energy-finder", "finder-mp-formation-energy-megnet",
          "finder-mp-formation-energy-cgcnn"), hours=150),
    Item("finder", "figure-5c-d", "t-SNE of what both Finders make of materials",
         ("finder-mp-formation-energy-finder-formula", "finder-mp-formation-energy-finder"),
         steps=("matdata embed {run} {dataset} --map tsne --colour formation_energy_per_atom",),
         hours=150),
    Item("finder", "figure-5e-f", "correlation of the first two principal components",
         ("finder-mp-formation-energy-finder", "finder-mp-formation-energy-finder-formula"),
         steps=("matdata embed {run} {dataset} --map pca --part test --beside {first}",),
         hours=150),
    Item("finder", "table-4", "errors of Finder and ResCNN on dielectric functions",
         ("finder-jarvis-dielectric-*",), FINDER_4, hours=120),
    Item("finder", "figure-6a-b", "dielectric functions of two materials as Finder and ResCNN "
         "predict them, and the true ones",
         ("finder-jarvis-dielectric-*",), hours=120, stand_in=_BESIDE),
    Item("finder", "figure-6c", "loss against crossover frequency of epsilon-near-zero materials",
         hours=130, needs=_JARVIS, stand_in=_ENZ,
         lacking="one command on trained runs; `python -m matdata_recipes.finder_enz` does all"),
    Item("finder", "figure-6d", "pairs of elements among epsilon-near-zero materials",
         hours=130, needs=_JARVIS, stand_in=_ENZ,
         lacking="one command on trained runs; `python -m matdata_recipes.finder_enz` does all"),
    Item("finder", "table-s1", "hyperparameters compared", lacking=_NO_SUPPLEMENT),
    Item("finder", "figure-s1", "distributions of the six properties", lacking=_NO_SUPPLEMENT),
    Item("finder", "figure-s2", "sizes of formulas", lacking=_NO_SUPPLEMENT),
    Item("finder", "figure-s3-s4", "predicted against computed, other properties",
         lacking=_NO_SUPPLEMENT),
    Item("finder", "figure-s5", "further dielectric functions", lacking=_NO_SUPPLEMENT),
)  # fmt: skip
