"""Which precursors? Sets of precursors of a product, ranked; learnt from published syntheses.

From records (`records`): candidates are the sets that cover the product's elements (`candidates`);
what similar products were made of (`neighbours`) and a network over whole sets (`network`) order
them (`ranking`). `frequent` is the baseline: the most frequent precursor of each element.
"""
