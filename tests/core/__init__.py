"""Tests of the ground: log, lane, vault, listeners, credentials."""
