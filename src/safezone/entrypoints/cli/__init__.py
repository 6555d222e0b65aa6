"""The command line: what can be asked of the program, and one file for each group of commands."""
