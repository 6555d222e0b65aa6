"""What every answer of the web carries, and what is refused before anybody looks at it."""
