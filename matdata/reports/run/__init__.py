"""The report of a run: one section a file, put together by `report`."""
