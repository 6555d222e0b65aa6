"""Tests of the ground: drawing, measuring, asking, and reading a station set."""
