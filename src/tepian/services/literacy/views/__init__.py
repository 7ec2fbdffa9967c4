"""HTML and files: one query or operation each."""
