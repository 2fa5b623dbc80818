"""Sources: files, the embedded sample, and the databases."""
