"""Tepian: one system that runs a city's digital services together."""

__version__ = "0.1.0"
