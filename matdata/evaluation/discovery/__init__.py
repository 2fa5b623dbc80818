"""Discovery: which candidates are stable, and how well that is predicted."""
