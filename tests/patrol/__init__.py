"""Proves the patrol: what a position is worth, who may see it, and who is recommended."""
