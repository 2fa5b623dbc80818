"""Reports of datasets and runs: one HTML file each, which needs nothing beside itself."""
