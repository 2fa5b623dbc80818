"""Embeddings of materials by a run, and the training materials that are most similar by them."""
