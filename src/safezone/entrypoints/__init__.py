"""Where wires end: HTTP, the live feed, MQTT, the command line and the jobs that run by the clock."""
