"""The zone: the station, its boundary, communities and places, and the answer to "what is at this point?"."""
