"""The doors of people: signing in, their own account and sessions, and the administrator's room of people."""
