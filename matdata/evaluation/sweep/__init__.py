"""Searches for hyperparameters: the space, the trials, and what may be searched."""
