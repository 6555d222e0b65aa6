"""Who may do what over HTTP: every address of the program, with every role, as one table."""
