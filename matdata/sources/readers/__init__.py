"""File formats: each reader iterates over one kind of file and yields raw records."""
