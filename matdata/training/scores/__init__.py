"""Scores of predictions, of the validation part and of the test part alike."""
