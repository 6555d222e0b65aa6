"""The house itself under test: its shape and its pages."""
