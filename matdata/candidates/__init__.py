"""Candidates made of known materials: element substitution within protostructures."""
