"""Stores: crash-safe artefacts, sharded arrays, verification."""
