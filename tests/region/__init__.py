"""The region: what its seat sees, and whose."""
