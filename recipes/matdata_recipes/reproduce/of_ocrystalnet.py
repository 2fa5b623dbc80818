"""Tables and figures of OCrystalNet."""

from __future__ import annotations

from matdata_recipes.reproduce.items import Item, Need
from matdata_recipes.table_presets import OCRYSTALNET_2, OCRYSTALNET_3

_MP = Need("mp.2018.6.1.json", "https://figshare.com/ndownloader/files/15087992, unpacked")
_FIGURE_4 = tuple(f"ocrystalnet-mp-*-ocrystalnet-{nodes}" for nodes in ("onehot", "jarvis", "ofm"))

ITEMS = (
    Item("ocrystalnet", "figure-1", "the orbital field matrix of an atom", drawing=True),
    Item("ocrystalnet", "figure-2", "the architecture", drawing=True),
    Item("ocrystalnet", "table-1-mp", "sizes of the sets of the Materials Project",
         analysis="ocrystalnet_mp", needs=(_MP,), hours=1),
    Item("ocrystalnet", "table-1-jarvis", "sizes of the sets of JARVIS",
         analysis="ocrystalnet_jarvis", hours=1, needs=(
             Need("jdft_3d-8-18-2021.json", "https://figshare.com/articles/dataset/6815699"),)),
    Item("ocrystalnet", "figure-3", "numbers of elements in crystals", needs=(_MP,), hours=1,
         analysis="element-counts"),
    Item("ocrystalnet", "table-2", "errors of seven models on the Materials Project",
         ("ocrystalnet-mp-*",), OCRYSTALNET_2, hours=2000),
    Item("ocrystalnet", "table-3", "errors of three models on JARVIS",
         ("ocrystalnet-jarvis-*",), OCRYSTALNET_3, hours=1500),
    Item("ocrystalnet", "figure-4", "OCrystalNet with other descriptions of sites",
         _FIGURE_4, hours=1500),
    Item("ocrystalnet", "figure-5a", "predicted against computed formation energies",
         ("ocrystalnet-mp-formation-energy-ocrystalnet",), hours=150),
    Item("ocrystalnet", "figure-5b", "error over the size of the training part",
         ("ocrystalnet-mp-formation-energy-ocrystalnet",),
         steps=("matdata curve {run} --fractions 0.1,0.3,0.5",), hours=300),
    Item("ocrystalnet", "figure-5c-d", "Mn2O7 and Si3NiP4 predicted and computed",
         tuple(f"ocrystalnet-mp-{name}-ocrystalnet" for name in
               ("band-gap", "formation-energy", "log-bulk-modulus", "log-shear-modulus")),
         hours=300, analysis="named-crystals"),
)  # fmt: skip
