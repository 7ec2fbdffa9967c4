"""Ways to the civil registry."""
