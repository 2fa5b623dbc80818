"""Adapters: one foreign library per file, the only place where its objects exist."""
