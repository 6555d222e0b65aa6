"""The patrol units: who is on duty, where they were last seen and how long ago, and who is near enough to be sent."""
