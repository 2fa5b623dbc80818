"""The report of a dataset: one section a file, put together by `report`."""
