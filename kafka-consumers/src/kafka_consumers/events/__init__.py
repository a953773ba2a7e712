"""Events out of readings: what changes between two of them. Pure."""
