"""Agencies, their units, positions, and who holds a position from when to when."""
