"""Everything that proves the program; the folders mirror src/safezone."""
