"""Element and Wyckoff tables, each with its source and checksum."""
