"""People's accounts: a name, a password, a second factor, and what becomes of them."""
