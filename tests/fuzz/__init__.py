"""Fuzzing of everything that matdata reads: seeded inputs, independent readers, one judge.

`kinds` names the sixteen kinds of input, `mutations` damages them, `zygote` builds each in a
process of its own, `oracles` says what is wrong with the outcome, `report` counts and keeps it.
"""
