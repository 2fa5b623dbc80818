"""File formats: each reader walks through one kind of file and yields raw records."""
