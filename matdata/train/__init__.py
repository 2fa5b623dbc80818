"""The trainer contract, the one training loop, ensembles, checkpoints and predictions."""
