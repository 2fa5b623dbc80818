"""What a cache holds on disk, what depends on what, and how artefacts are removed from it."""
