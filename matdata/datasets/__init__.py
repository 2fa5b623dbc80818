"""What users open: datasets, their differences, exports and views."""
