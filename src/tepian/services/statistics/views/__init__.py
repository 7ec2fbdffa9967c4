"""Pages of this room: one query or operation each."""
