"""Symmetry searches and protostructure labels."""
