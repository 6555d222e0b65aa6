"""Tests of the demonstration's simulated poles, patrols and evening."""
