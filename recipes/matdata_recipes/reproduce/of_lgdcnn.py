"""Tables and figures of L-G-DCNN."""

from __future__ import annotations

from matdata_recipes.more_presets import DU_1, DU_2
from matdata_recipes.preset_data import FIGURE_4
from matdata_recipes.reproduce.items import Item

_OQMD = "oqmd-formation-enthalpy-lgdcnn"
_NO_SUPPLEMENT = "the supporting information, which we do not have"
_CLUSTERS = (f"{_OQMD}-2-blocks", f"{_OQMD}-model6")

ITEMS = (
    Item("lgdcnn", "figure-1", "the architecture", drawing=True),
    Item("lgdcnn", "figure-2", "the design of models by feedback", drawing=True),
    Item("lgdcnn", "figure-3", "clusters of silicon compounds, LSTM and DCNN-K1 as references",
         _CLUSTERS, steps=("matdata cecv {run} --containing Si",), hours=120),
    Item("lgdcnn", "figure-4", "errors of six models on 18 sets",
         ("*",), FIGURE_4, hours=900),
    Item("lgdcnn", "figure-5a", "learning curves on OQMD's band gaps",
         ("oqmd-band-gap-lgdcnn", "oqmd-band-gap-crabnet", "oqmd-band-gap-rf-magpie"),
         steps=("matdata curve {run} --fractions 0.01,0.05,0.2,0.5",), hours=200),
    Item("lgdcnn", "figure-5b", "clusters of silicon compounds by size of the training part",
         ("oqmd-band-gap-lgdcnn",),
         steps=("matdata curve {run} --fractions 0.01,0.05,0.2,0.5",
                "matdata cecv {run} {run}-curve-0.01-seed{seed} {run}-curve-0.05-seed{seed} "
                "{run}-curve-0.2-seed{seed} {run}-curve-0.5-seed{seed} --containing Si"),
         hours=100),
    Item("lgdcnn", "figure-6a", "predicted against computed band gaps of OQMD",
         ("oqmd-band-gap-lgdcnn",), hours=60),
    Item("lgdcnn", "figure-6b", "predicted against computed formation enthalpies of OQMD",
         (_OQMD,), hours=60),
    Item("lgdcnn", "figure-6c", "errors by element", (_OQMD,), hours=60),
    Item("lgdcnn", "table-1", "Matbench with five folds: L-G-DCNN, V1, CrabNet, Finder",
         ("matbench-*",), DU_1, hours=700),
    Item("lgdcnn", "table-2", "ablations of L-G-DCNN on four sets",
         ("*-lgdcnn-*",), DU_2, hours=600),
    Item("lgdcnn", "figure-7", "clusters of silicon compounds, ablations",
         (f"{_OQMD}-model*", f"{_OQMD}-*-blocks"),
         steps=("matdata cecv {run} --containing Si",), hours=400),
    Item("lgdcnn", "figure-8", "contributions of elements along SixO1-x",
         ("aflow-shear-modulus-lgdcnn",),
         steps=("matdata contributions {run} --along Si-O",), hours=10),
    Item("lgdcnn", "figure-9", "differences of contributions between models",
         ("mp-shear-modulus-lgdcnn", "mp-shear-modulus-lgdcnn-dcnn-k1",
          "mp-shear-modulus-lgdcnn-dcnn", "mp-shear-modulus-lgdcnn-lstm"), hours=20,
         steps=("matdata contributions {run} --beside {first}",)),
    Item("lgdcnn", "figure-10", "UMAP of what models hold of silicon compounds",
         ("oqmd-band-gap-lgdcnn", "oqmd-band-gap-lgdcnn-dcnn-k1", "oqmd-band-gap-lgdcnn-lstm"),
         steps=("matdata embed {run} {dataset} --map umap --part test --containing Si",), hours=140,
         remark="without the colours of the paper: gaps of the test part are sealed"),
    Item("lgdcnn", "figure-11", "clusters of silicon compounds on band gaps",
         ("oqmd-band-gap-lgdcnn",), steps=("matdata cecv {run} --containing Si",), hours=60),
    Item("lgdcnn", "figure-12", "pairs of elements of the worst compounds, before and after fusion",
         ("oqmd-band-gap-lgdcnn", "oqmd-band-gap-lgdcnn-lstm"), hours=100,
         analysis="changed-pairs", together=True),
    *(
        Item("lgdcnn", f"figure-{name}", shows, lacking=_NO_SUPPLEMENT)
        for name, shows in (
            ("s2", "recurrent parts compared"),
            ("s9", "correlation of elements"),
            ("s10", "variants on the 18 sets"),
            ("s12", "learning curves"),
            ("s15", "contributions in 18 binaries and 19 ternaries"),
        )
    ),
)  # fmt: skip
