"""112: calls, incidents, units."""
