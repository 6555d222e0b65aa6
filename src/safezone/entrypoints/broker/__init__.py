"""The message broker that comes with the program: set up, watched, mended, and told who may come in."""
