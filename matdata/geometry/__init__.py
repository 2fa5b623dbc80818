"""Lattices and periodic neighbour searches, shared by curation, symmetry and features."""
