"""Small values that reference packages gave, so that the core suite compares without them.

``tests/parity`` makes them again where the packages (dependency group ``bench``) are installed.
"""

from __future__ import annotations

#: Digest of the columns of aviary-models 1.2.1's ``bra-alg-off.json``, rows in the order of
#: `matdata.tables.wyckoff`, columns sorted and joined.
AVIARY_WYCKOFF = "d3906a1b9f4ff8a573183395f112abd48018f26c65e6f5bc97bb1b30383424b4"
#: aviary.wren.data.parse_protostructure_label (1.2.1): label, multiplicities, equivalents.
AVIARY_EQUIVALENTS = {
    "AB_cF8_225_a_b:Cl-Na": ([4, 4], {"ab", "ba"}),
    "A3BC_cP5_221_c_a_b:O-Sr-Ti": ([3, 1, 1], {"cab", "dba"}),
    "AB_cP2_221_a_b:Cl-Cs": ([1, 1], {"ab", "ba"}),
    "A_cP1_221_a:Po": ([1], {"a", "b"}),
}
#: Formula: (Z, weight) in the order of aviary 1.2.1's Roost inputs (aviary.roost.data, that of the
#: formula; float32).
AVIARY_ROOST = {
    "SrTiO3": [(38, 0.20000000298023224), (22, 0.20000000298023224), (8, 0.6000000238418579)],
    "YBa2Cu3O6.95": [
        (39, 0.07722007483243942),
        (56, 0.15444014966487885),
        (29, 0.23166023194789886),
        (8, 0.5366795659065247),
    ],
    "(NH4)2SO4": [
        (7, 0.13333334028720856),
        (1, 0.5333333611488342),
        (16, 0.06666667014360428),
        (8, 0.2666666805744171),
    ],
}
#: Formula: (Z, fraction) in the order of crabnet 2.0.8's ``get_edm`` (largest fraction first, ties
#: in the order of the formula; computed in float32).
CRABNET_EDM = {
    "SrTiO3": [(8, 0.6000000238418579), (38, 0.20000000298023224), (22, 0.20000000298023224)],
    "YBa2Cu3O6.95": [
        (8, 0.5366795063018799),
        (29, 0.23166023194789886),
        (56, 0.15444014966487885),
        (39, 0.07722007483243942),
    ],
    "(NH4)2SO4": [
        (1, 0.5333333611488342),
        (8, 0.2666666805744171),
        (7, 0.13333334028720856),
        (16, 0.06666667014360428),
    ],
}
#: Fraction: logarithmic fraction as crabnet 2.0.8's ``FractionalEncoder`` takes it (float32).
CRABNET_LOG = {
    0.5: 0.0024999999441206455,
    0.25: 0.009999999776482582,
    0.1: 0.02758801355957985,
    0.01: 0.1103520542383194,
    0.9: 5.776237230747938e-05,
}
