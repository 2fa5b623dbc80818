"""A build, stage by stage: from a source to a dataset with splits and features."""
