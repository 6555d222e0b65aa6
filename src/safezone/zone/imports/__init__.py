"""Files from elsewhere: one file per format, each of which turns what was uploaded into features; the rest is shared."""
