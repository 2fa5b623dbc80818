"""Compiled kernels: batches of crystals in, arrays out."""
