"""Files, kept once by their hash, with type, size and content checked."""
