"""What is specific to processors: compiled loops, threads, products, freed memory."""
