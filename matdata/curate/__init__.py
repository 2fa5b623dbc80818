"""Curation: selects the records of a dataset, and states why the others are rejected."""
