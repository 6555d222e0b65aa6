"""The demonstration: simulated poles and patrols that use the same doors as real ones."""
