"""Coming in, going out and being shut out: links, sessions, tokens and the secrets of poles."""
