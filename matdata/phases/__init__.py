"""Phase diagrams: convex hulls of energies over composition, for any chemical system."""
