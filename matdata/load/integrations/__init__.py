"""Loaders for other frameworks, which are imported only when asked for."""
