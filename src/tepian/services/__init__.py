"""The rooms: one municipal service each."""
