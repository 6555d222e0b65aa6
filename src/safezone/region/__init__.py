"""Many stations seen as one: the seat of a region sees the figures of the stations that have named it."""
