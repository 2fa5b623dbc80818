"""Ways of users from end to end, as scripts; `tests/integration/test_ways.py` runs them."""
