"""Features of a dataset: jobs, passes over its rows, shards as tasks, and what is reused."""
