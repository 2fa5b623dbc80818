"""Materials of a dataset that fulfil conditions on what runs predict and the table stores."""
