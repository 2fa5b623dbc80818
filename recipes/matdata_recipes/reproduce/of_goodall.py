"""Tables and figures of R. E. A. Goodall's thesis."""

from __future__ import annotations

from matdata_recipes.more_presets import GOODALL_4
from matdata_recipes.reproduce.items import Item, Need

_APICAL = (Need("cuprates", "processed-data of https://github.com/CompRhys/apical"),)
_WBM = "https://doi.org/10.1038/s41524-020-00481-6, energies and initial structures"
_MP = Need("summary.jsonl.gz", "summary documents of https://materialsproject.org")
_TAATA = Need("taata.json.gz", "TAATA of Tholander et al., as the author of Wren distributes it")
_STEPS = tuple(Need(f"step_{n}.json.bz2", _WBM) for n in range(1, 6))
_OQMD = ("oqmd-roost-ensemble",)
_PEROV = "`python -m matdata_recipes.retrospective --from val.csv`: 3,787 perovskites of perov_5"
_DISTANCES = (
    "`python -m matdata_recipes.hull_distances --from entries.json`: 775 entries of Li-Co-Ni-O"
)
_REACTIONS = (
    Need("solid-state_dataset_2019-12-03.json.xz", "figshare 9722159, of Kononova et al."),
)
_CLOSED_6 = (
    "the substitutions were counted in the ICSD, which is closed: fetch a licence, or count with "
    "`matdata substitute` in the Materials Project"
)


_SQUARES = (
    "fitted by ordinary least squares, where the thesis says Huber's loss, which gives 2 of these "
    "9 coefficients to the digits"
)


def _cuprates(name: str, shows: str, remark: str = "") -> Item:
    return Item(
        "goodall", name, shows, analysis="cuprates", needs=_APICAL, hours=0.1, remark=remark
    )


ITEMS = (
    Item("goodall", "figure-2.1", "a convex hull", drawing=True),
    _cuprates("table-3.1", "families of cuprates, and their calibration (eq. 3.1)"),
    _cuprates("figure-3.1", "apical distances and lattice parameters of SuperCon and the ICSD"),
    Item("goodall", "figure-3.2", "structures of three families", drawing=True),
    _cuprates("figure-3.3", "apical distance under strain, by DFT", _SQUARES),
    _cuprates("figure-3.4a-d", "critical temperature over distances, by planes and cation"),
    _cuprates("figure-3.4e", "the unexplored region of both distances"),
    Item("goodall", "figure-4.1", "the graph of a stoichiometry, and its update", drawing=True),
    Item("goodall", "figure-4.2", "learning curves on OQMD",
         ("oqmd-roost", "oqmd-rf-magpie", "oqmd-elemnet"),
         steps=("matdata curve {run} --fractions 0.001,0.01,0.1,0.3",), hours=150),
    Item("goodall", "table-4.1", "errors on OQMD of forest, ElemNet, Roost and ten Roost",
         ("oqmd-rf-magpie", "oqmd-elemnet", "oqmd-roost", "oqmd-roost-ensemble"), hours=250),
    Item("goodall", "figure-4.3", "error over the share of most certain predictions, on OQMD",
         _OQMD, hours=200),
    Item("goodall", "figure-4.4", "aleatoric over epistemic uncertainty on OQMD, MP and EX",
         ("oqmd-roost-ensemble", "ex-roost-ensemble"), hours=205),
    Item("goodall", "figure-4.5", "quantiles of residuals against those of a Gaussian, on OQMD",
         _OQMD, hours=200),
    Item("goodall", "figure-4.6", "error on EX while training, with and without transfer from MP",
         ("ex-watched-roost", "ex-watched-roost-transfer"), hours=10, analysis="training-errors",
         remark="the fifth of EX is a validation part here, whose errors are on record for each "
         "epoch; a test part is opened once, at the end; without transfer from OQMD"),
    Item("goodall", "table-4.2", "forest, Roost and transfer from MP on experimental band gaps",
         ("ex-rf-magpie", "ex-roost-ensemble", "ex-roost-transfer"), seeds=(0, 1, 2), hours=12),
    Item("goodall", "table-4.3", "design choices of the ablations", drawing=True),
    Item("goodall", "table-4.4", "ablations of Roost on EX and OQMD: reference, models 1 and 2",
         ("ex-roost", "ex-roost-ensemble", "oqmd-roost", "oqmd-roost-ensemble",
          "*-roost-model[12]", "*-roost-model[12]-ensemble"), GOODALL_4, seeds=(0, 1, 2),
         hours=420),
    Item("goodall", "table-4.4-models-3-10", "ablations of Roost: the other eight models",
         ("*-roost-model[3-6]*", "*-roost-no-*", "*-roost-model10*"), seeds=(0, 1, 2), hours=1100,
         remark="values of models 7 to 10 are out of place in the text that we have"),
    Item("goodall", "figure-5.1", "precursors as a graph", drawing=True),
    Item("goodall", "figure-5.2", "encoding of actions", drawing=True),
    Item("goodall", "figure-5.3", "the reaction graph", drawing=True),
    Item("goodall", "figure-5.4", "prediction of elements and amounts", drawing=True),
    *(
        Item("goodall", name, shows, analysis="reactions", needs=_REACTIONS, hours=hours,
             seeds=(0, 1, 2) if name.startswith("table") else (0,), other_release=True)
        for name, shows, hours in (
            ("figure-5.5", "predicted against true amounts of products", 8),
            ("table-5.1", "scores on reactions of up to ten precursors", 70),
            ("figure-5.6", "share of reactions within a distance", 16),
            ("figure-5.7", "distance over the share of most certain predictions", 8),
            ("table-5.2", "ablations on reactions of up to three precursors", 90),
            ("figure-5.8", "share of reactions within a distance, ablations", 20),
            ("figure-5.9", "predicted against true amounts, ablations", 20),
        )
    ),
    Item("goodall", "figure-6.1", "the workflow of discovery", drawing=True),
    Item("goodall", "table-6.1", "cleaning of TAATA", analysis="taata", needs=(_TAATA,), hours=0.5),
    Item("goodall", "table-6.2", "cleaning of the Materials Project", analysis="wren_mp",
         needs=(_MP,), hours=5),
    Item("goodall", "table-6.3", "cleaning of WBM", analysis="wren_wbm", needs=_STEPS, hours=10),
    Item("goodall", "figure-6.2", "embeddings of Wyckoff positions", drawing=True),
    Item("goodall", "table-6.4", "Wyckoff sets of space group 148", analysis="wyckoff-sets",
         hours=0.01),
    Item("goodall", "table-6.5", "Wyckoff positions of space group 148 under its affine normalizer",
         analysis="wyckoff-normalizer", hours=0.01),
    Item("goodall", "figure-6.3", "hull distances of polymorphs by Wren and Roost",
         needs=(_TAATA,), hours=50,
         closed="TAATA is not public: fetch taata.json.gz from its authors",
         stand_in=_DISTANCES),
    Item("goodall", "figure-6.4", "hull distances from structures before relaxation",
         ("pairs-*",), hours=60,
         closed="pairs of TAATA before and after relaxation: fetch them from its authors",
         stand_in=_DISTANCES.replace("entries.json", "relaxed.json --initial before.json")),
    Item("goodall", "figure-6.5", "symmetry that rises in relaxation", drawing=True),
    *(
        Item("goodall", name, shows, hours=300, needs=(_MP, *_STEPS), stand_in=_PEROV,
             lacking="one command; `matdata hull` and `matdata discover` make it of a run on MP")
        for name, shows in (
            ("figure-6.6", "enrichment of low energies in unseen systems"),
            ("figure-6.7", "hull distances of WBM by outcome of the screening"),
            ("figure-6.8", "rolling error of Wren over hull distance"),
            ("figure-6.9", "rolling error of Wren by batch of WBM"),
            ("figure-6.10", "rolling error by model"),
            ("figure-6.11", "precision and recall over the number of calculations"),
            ("figure-6.12", "rolling error of CGCNN-D by batch"),
        )
    ),
    Item("goodall", "figure-6.13", "learning curve of Wren", ("mp-wbm-wren*",), needs=(_MP,),
         steps=("matdata curve {run} --fractions 0.01,0.03,0.1,0.3",), hours=4000),
    Item("goodall", "figure-6.14", "substitution probabilities, and what came of candidates",
         closed=_CLOSED_6),
    Item("goodall", "appendix-b", "settings of the calculations", drawing=True),
)  # fmt: skip
