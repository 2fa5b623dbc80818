"""Checks of everything that a cache holds, for ``matdata verify``."""
