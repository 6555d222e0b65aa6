"""Tests of the equipment: its truth, its readiness, and what an emergency asks of it."""
