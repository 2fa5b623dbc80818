"""Foundations that every other package may import; they import none of the others."""
