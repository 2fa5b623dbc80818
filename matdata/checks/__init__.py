"""Checks of the whole content of a cache, for ``matdata verify``."""
