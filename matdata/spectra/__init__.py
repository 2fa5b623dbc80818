"""Arrays of numbers that stand on an axis: grids, resampling, and files that hold them."""
