"""Blocks that models share: segment operations, attention pooling, residual networks."""
