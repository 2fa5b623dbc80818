"""Checks that featurizers and plugins share in their tests."""
