"""Batches of stored features, expanded on the device; the only stage that reads for training."""
