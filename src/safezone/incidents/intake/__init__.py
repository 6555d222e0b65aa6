"""How a report comes in: one file per channel."""
