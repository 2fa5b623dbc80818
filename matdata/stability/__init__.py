"""Stability of materials: energies of datasets, references of known phases, hull distances."""
