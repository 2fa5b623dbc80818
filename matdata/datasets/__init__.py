"""User-facing datasets, their differences, exports and views."""
