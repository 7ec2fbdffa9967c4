"""Pages: the public check, the desk of those who sign, keys."""
