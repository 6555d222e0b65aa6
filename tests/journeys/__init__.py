"""Journeys: what people do with the running program, in a real browser, with real poles and a real broker."""
