"""Properties of the databases: one name for what releases and files call differently."""

from __future__ import annotations

from matdata_recipes.gathered import Property

#: The Materials Project. Moduli are GPa and are learnt as their decimal logarithm
#: (``log10(k_vrh)``), so that errors are those that tables print for log(K_VRH) and log(G_VRH).
MP_GAP = Property("band_gap", "eV", ("gap pbe", "gap_pbe"))
MP_FORMATION_ENERGY = Property("formation_energy_per_atom", "eV/atom", ("e_form",))
MP_ENERGY = Property("energy_per_atom", "eV/atom")
MP_INDEX = Property("n", "1", ("refractive_index",))
K_VRH = Property(
    "k_vrh", "GPa", ("bulk_modulus.vrh", "elasticity.K_VRH", "K_VRH", "K", "bulk_modulus")
)
G_VRH = Property(
    "g_vrh", "GPa", ("shear_modulus.vrh", "elasticity.G_VRH", "G_VRH", "G", "shear_modulus")
)
MP = (MP_GAP, MP_FORMATION_ENERGY, MP_ENERGY, MP_INDEX, K_VRH, G_VRH)

#: JARVIS-DFT. Its moduli are learnt in GPa, as tables print them.
OPT_GAP = Property("optb88vdw_bandgap", "eV", ("op_gap",))
MBJ_GAP = Property("mbj_bandgap", "eV", ("mbj_gap",))
JARVIS_FORMATION_ENERGY = Property("formation_energy_peratom", "eV/atom", ("form_enp",))
BULK_MODULUS = Property("bulk_modulus_kv", "GPa", ("kv",))
SHEAR_MODULUS = Property("shear_modulus_gv", "GPa", ("gv",))
HULL_DISTANCE = Property("ehull", "eV/atom")
JARVIS = (
    OPT_GAP,
    MBJ_GAP,
    JARVIS_FORMATION_ENERGY,
    BULK_MODULUS,
    SHEAR_MODULUS,
    HULL_DISTANCE,
)
