"""Sensors: stations, what they measure, how high that is, and every way in and out of the readings."""
