"""The ways to a signature: the city's own authority, and BSrE."""
