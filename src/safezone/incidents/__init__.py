"""Incidents: a report comes in, somebody takes it, units go, it is closed, and nothing of it is lost."""
