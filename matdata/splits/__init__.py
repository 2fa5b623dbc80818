"""Splits: material ids to train, val and test."""
