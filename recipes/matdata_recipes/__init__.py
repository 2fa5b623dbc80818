"""Data sets, presets, tables and figures of the papers that matdata comes from."""
