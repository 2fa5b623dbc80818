"""Cards of datasets: a README that answers a datasheet's questions, and a Croissant file."""
