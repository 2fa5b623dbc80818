"""What matdata does on a GPU: checks against the CPU, and times. `run.sh` runs all of it."""
