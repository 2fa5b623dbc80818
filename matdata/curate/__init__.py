"""Curation: which records make a dataset, and why the others do not."""
