"""Trials with real recordings: not measured for speed, but looked at. What was seen is told by each."""
