"""Artefacts pushed to a folder, a server or an object store, pulled from there, and archives."""
