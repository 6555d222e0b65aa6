"""The estate: which cameras and SOS points exist, where, whose, in which state of life, and whether they are well."""
