"""How phones and trackers say where they are: one file per protocol, bytes in, claims out."""
