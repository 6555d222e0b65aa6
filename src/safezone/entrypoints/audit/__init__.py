"""What an auditor sees: one timeline, its words and its export, the chain checked, and signed checkpoints."""
