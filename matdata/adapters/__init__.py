"""Adapters: one foreign library a file, the only place where its objects exist."""
