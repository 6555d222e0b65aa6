"""Tests of where wires end."""
