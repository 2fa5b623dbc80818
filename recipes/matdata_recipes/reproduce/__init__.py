"""Every table and figure of the four papers: what it shows, what it takes, and how near we are."""
