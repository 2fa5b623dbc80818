"""Metrics, uncertainty, pictures and reports of predictions."""
