"""The description of the HTTP API: complete, the same at every start, and true of what the doors answer."""
