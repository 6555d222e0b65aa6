"""Tests of what comes in by each channel."""
